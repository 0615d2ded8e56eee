/** The page for people in a real browser: at a desk, on a phone, without JavaScript; its QR code read by zbar. */
import assert from "node:assert/strict";
import axe from "axe-core";
import { join } from "node:path";
import { offerOf } from "../../lib/discovery/offer.ts";
import { LANGUAGES } from "../../lib/discovery/serve/language.ts";
import { makeHandler } from "../../lib/discovery/serve/handler.ts";
import { inChromium, type Page } from "../support/chromium.ts";
import { run } from "../support/dig.ts";
import { fullOffer, OWN } from "../support/offers.ts";
import { eventually, freePort, installed, ROOT } from "../support/postern.ts";

const ignore = !["chromium", "zbarimg"].every(installed);

/** Where pictures are kept to be looked at; nowhere unless it is asked for. */
const PICTURES = Deno.env.get("POSTERN_SCREENSHOTS");

const offers = [
  fullOffer({ documentation: "https://example.com/help" }),
  offerOf({ domain: "example.org", web: "mail.example.org" }, OWN),
  offerOf({ domain: "xn--mller-kva.example", web: "mail.xn--mller-kva.example" }, OWN),
];

const withPage = async (test: (page: Page) => Promise<void>): Promise<void> => {
  const handler = makeHandler({ offers, autodiscoverV2: false });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
  try {
    await inChromium(server.addr.port, test);
  } finally {
    await server.shutdown();
  }
};

const keep = async (page: Page, name: string): Promise<Uint8Array> => {
  const png = await page.screenshot();
  if (PICTURES !== undefined) await Deno.writeFile(join(PICTURES, `${name}.png`), png);
  return png;
};

/** What axe finds against WCAG 2.2 AA and its own good practices, one line each. */
const barriers = async (page: Page): Promise<unknown> => {
  await page.value(`${axe.source}; true`);
  return await page.value(
    `axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" ")))`,
  );
};

const SETTINGS = "http://mail.example.com/?address=alice%40example.com";

/** Roles and names as a screen reader has them. */
const spoken = async (page: Page): Promise<ReadonlyArray<string>> => {
  const { nodes } = await page.send("Accessibility.getFullAXTree");
  assert.ok(Array.isArray(nodes));
  return nodes.filter((n) => n.ignored !== true).map((n) =>
    `${n.role?.value}: ${n.name?.value ?? ""}`
  );
};

Deno.test({
  name: "page: an address is entered, the settings are shown, a value is copied",
  ignore,
  fn: () =>
    withPage(async (page) => {
      await page.size(1000, 800, false);
      await page.go("http://mail.example.com/");
      await keep(page, "start");
      await page.value(`document.querySelector("input").focus()`);
      await page.send("Input.insertText", { text: "alice@example.com" });
      await page.loading(() => page.value(`document.querySelector("form button").click()`));
      const text = String(await page.value("document.body.innerText"));
      for (const want of ["Incoming mail (IMAP)", "mail.example.com", "993", "SSL/TLS", "465"]) {
        assert.ok(text.includes(want), want);
      }
      await keep(page, "settings");
      assert.equal(await page.value(`document.querySelectorAll("details[open]").length`), 0);
      assert.equal(
        await page.value(`[...document.querySelectorAll("main button")]
        .filter((b) => b.checkVisibility()).length`),
        6,
      );
      await page.value(`document.querySelector("dd button").click()`);
      await eventually(async () =>
        await page.value(`document.getElementById("said").textContent`) || null
      );
      assert.equal(await page.value("navigator.clipboard.readText()"), "mail.example.com");
      assert.equal(
        await page.value(`document.getElementById("said").textContent`),
        "Copied: mail.example.com",
      );
      const heard = await spoken(page);
      for (
        const want of [
          "heading: Example Mail: mail settings",
          "textbox: Your e-mail address",
          "button: Copied: mail.example.com",
          "button: Copy User name: alice@example.com",
          "image: QR code with the address of the profile",
          "link: Download the profile",
          "main: ",
        ]
      ) assert.ok(heard.includes(want), `${want} is not among ${heard.join("; ")}`);
      assert.deepEqual(heard.filter((l) => /^(?:button|link|textbox|image): $/.test(l)), []);
      assert.deepEqual(await barriers(page), []);
      assert.deepEqual(page.complaints, []);
    }),
});

Deno.test({
  name: "page: on a phone nothing is wider than the screen, and the QR code can be read",
  ignore,
  fn: () =>
    withPage(async (page) => {
      await page.size(360, 740, true);
      await page.go(SETTINGS);
      assert.equal(await page.value("document.documentElement.scrollWidth"), 360);
      const png = await keep(page, "phone");
      const dir = await Deno.makeTempDir();
      try {
        await Deno.writeFile(join(dir, "phone.png"), png);
        const { text } = await run("zbarimg", ["--quiet", "--raw", join(dir, "phone.png")]);
        assert.equal(
          text.split("\n")[0],
          "https://mail.example.com/.well-known/mobileconfig?emailaddress=alice%40example.com",
        );
      } finally {
        await Deno.remove(dir, { recursive: true });
      }
      await page.send("Emulation.setEmulatedMedia", {
        features: [{ name: "prefers-color-scheme", value: "dark" }],
      });
      assert.deepEqual(await barriers(page), []); // contrast again
      await keep(page, "dark");
    }),
});

Deno.test({
  name: "page: without JavaScript all settings and the profile are there, and no dead button",
  ignore,
  fn: () =>
    withPage(async (page) => {
      await page.size(1000, 800, false);
      await page.send("Emulation.setScriptExecutionDisabled", { value: true });
      await page.go(SETTINGS);
      const heard = await spoken(page);
      assert.ok(heard.includes("heading: Outgoing mail (SMTP)"));
      assert.ok(heard.includes("link: Download the profile"));
      assert.deepEqual(heard.filter((l) => l.startsWith("button: Copy")), []);
      await keep(page, "plain");
    }),
});

/** What stands out to the right of the window. */
const sideways = (page: Page): Promise<unknown> =>
  page.value(`[document.documentElement.scrollWidth - document.documentElement.clientWidth,
    ...[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((e) => e.tagName + " " + e.textContent.slice(0, 40))].join()`);

const LONG = `${"a-very-long-name.".repeat(3)}smith@example.com`;

Deno.test({
  name: "page: no width, size of letters or length of address scrolls sideways or raises a barrier",
  ignore,
  fn: () =>
    withPage(async (page) => {
      for (const width of [320, 360, 768, 1280]) {
        for (const size of ["100%", "200%"]) {
          await page.size(width, 800, width < 768);
          await page.go(`http://mail.example.com/?address=${encodeURIComponent(LONG)}`);
          await page.value(`document.documentElement.style.fontSize = ${JSON.stringify(size)}`);
          await page.value(`document.querySelectorAll("details").forEach((d) => d.open = true)`);
          assert.equal(await sideways(page), "0", `${width} ${size}`);
          await keep(page, `long-${width}-${size.slice(0, 3)}`);
          if (size === "100%") assert.deepEqual(await barriers(page), []);
        }
      }
    }),
});

Deno.test({
  name: "page: from 768 px incoming and outgoing stand side by side, the easy ways before them",
  ignore,
  fn: () =>
    withPage(async (page) => {
      const tops = (): Promise<unknown> =>
        page.value(`[...document.querySelectorAll("section")].filter((s) => s.checkVisibility())
          .map((s) => s.firstElementChild.textContent + " " + Math.round(s.getBoundingClientRect().top))`);
      for (const width of [768, 1280]) {
        await page.size(width, 800, false);
        await page.go(SETTINGS);
        const at = await tops();
        assert.ok(Array.isArray(at));
        assert.deepEqual(at.map((t) => String(t).replace(/ \d+$/, "")), [
          "Just enter your address",
          "iPhone, iPad and Mac",
          "Incoming mail (IMAP)",
          "Outgoing mail (SMTP)",
        ]);
        const [easy, apple, incoming, outgoing] = at.map((t) =>
          Number(/\d+$/.exec(String(t))?.[0])
        );
        assert.ok(easy === apple && incoming === outgoing, at.join());
        await keep(page, `wide-${width}`);
      }
      await page.size(360, 800, true);
      await page.go(SETTINGS);
      assert.ok(Number(await page.value("document.documentElement.scrollHeight")) < 2_050);
    }),
});

Deno.test({
  name:
    "page: a mistyped domain is told at the field, with the one that is near; by keyboard alone",
  ignore,
  fn: () =>
    withPage(async (page) => {
      await page.size(360, 740, true);
      await page.go("http://mail.example.com/?address=alice@exmaple.com");
      const heard = await spoken(page);
      assert.ok(heard.some((l) => l.startsWith("textbox: Your e-mail address")));
      assert.equal(
        await page.value(`(() => { const i = document.querySelector("input");
          return i.getAttribute("aria-invalid") + " " + document.getElementById(i.getAttribute("aria-describedby")).innerText })()`),
        "true Mail of exmaple.com is not set up here. Did you mean alice@example.com?",
      );
      assert.deepEqual(await barriers(page), []);
      await keep(page, "near");
      await page.value(`document.querySelector("input").focus()`);
      const press = async (key: string, code: number) => {
        for (const type of ["rawKeyDown", "char", "keyUp"]) {
          await page.send("Input.dispatchKeyEvent", {
            type,
            key,
            code: key,
            windowsVirtualKeyCode: code,
            ...(type === "char" && key === "Enter" ? { text: "\r" } : {}),
          });
        }
      };
      await press("Tab", 9);
      assert.equal(await page.value("document.activeElement.innerText"), "alice@example.com");
      await page.loading(() => press("Enter", 13));
      assert.match(
        String(await page.value("document.body.innerText")),
        /Settings for alice@example.com/,
      );
    }),
});

Deno.test({
  name:
    "page: letters of every script are taken, domains are shown with theirs. RFC 6531, RFC 5891",
  ignore,
  fn: () =>
    withPage(async (page) => {
      await page.go("http://mail.xn--mller-kva.example/");
      assert.equal(await page.value("document.title"), "müller.example: mail settings");
      await page.value(`document.querySelector("input").focus()`);
      await page.send("Input.insertText", { text: "jörg@müller.example" });
      await page.loading(() => page.value(`document.querySelector("form button").click()`));
      const text = String(await page.value("document.body.innerText"));
      assert.match(text, /Settings for jörg@müller\.example/);
      assert.deepEqual(await barriers(page), []);
      await keep(page, "idn");
    }),
});

for (const { lang } of LANGUAGES) {
  Deno.test({
    name: `page: in ${lang}, with nothing that scrolls sideways and no barrier`,
    ignore,
    fn: () =>
      withPage(async (page) => {
        await page.send("Network.enable");
        await page.send("Network.setExtraHTTPHeaders", { headers: { "accept-language": lang } });
        for (const width of [320, 768]) {
          await page.size(width, 800, width < 768);
          await page.go(SETTINGS);
          assert.equal(await page.value("document.documentElement.lang"), lang);
          assert.equal(await sideways(page), "0");
          assert.deepEqual(await barriers(page), []);
          await keep(page, `${lang}-${width}`);
        }
      }),
  });
}

Deno.test({
  name: "page: what is entered comes back as text, never as markup. threats.md row 35",
  ignore,
  fn: () =>
    withPage(async (page) => {
      const hostile =
        `"><script>document.title="owned"</script><img src=x onerror=alert(1)>@example.com`;
      await page.go(`http://mail.example.com/?address=${encodeURIComponent(hostile)}`);
      assert.notEqual(await page.value("document.title"), "owned");
      assert.equal(await page.value(`document.querySelector("input").value`), hostile);
      assert.equal(await page.value(`document.querySelectorAll("img").length`), 0);
      const text = String(await page.value("document.body.innerText"));
      assert.match(text, /This is not an e-mail address/);
      await page.go("http://mail.example.com/?address=bob@example.net");
      assert.match(String(await page.value("document.body.innerText")), /not set up here/);
      assert.deepEqual(await barriers(page), []);
      await keep(page, "unknown");
    }),
});

Deno.test({
  name: "every endpoint answers a browser, and its XML and JSON are read there",
  ignore,
  fn: () =>
    withPage(async (page) => {
      const pox =
        "<Autodiscover><Request><EMailAddress>a@example.com</EMailAddress></Request></Autodiscover>";
      const asked = [
        { host: "autoconfig", path: "/mail/config-v1.1.xml", want: "clientConfig" },
        {
          host: "mail",
          path: "/.well-known/autoconfig/mail/config-v1.1.xml",
          want: "clientConfig",
        },
        {
          host: "autodiscover",
          path: "/autodiscover/autodiscover.xml",
          post: pox,
          want: "Autodiscover",
        },
        {
          host: "mail",
          path: "/.well-known/mobileconfig?emailaddress=a@example.com",
          want: "plist",
        },
        {
          host: "ua-auto-config",
          path: "/.well-known/user-agent-configuration.json",
          want: "json",
        },
        { host: "mta-sts", path: "/.well-known/mta-sts.txt", want: "text" },
      ];
      for (const { host, path, post, want } of asked) {
        await page.go(`http://${host}.example.com/healthz`);
        const got = await page.value(`(async () => {
          const r = await fetch(${JSON.stringify(path)}, ${
          JSON.stringify(post === undefined ? {} : { method: "POST", body: post })
        });
          const text = await r.text();
          if (!r.ok) return "status " + r.status;
          if (text.startsWith("{")) return (JSON.parse(text), "json");
          if (!text.startsWith("<")) return "text";
          return new DOMParser().parseFromString(text, "text/xml").documentElement.tagName;
        })()`);
        assert.equal(got, want, `${host} ${path}`);
      }
      // from a page of somebody else: what is open to all, and nothing that is not
      await page.go("http://mail.example.org/healthz");
      const cross = (host: string, path: string) =>
        page.value(
          `fetch("http://${host}.example.com${path}").then((r) => r.status, () => "blocked")`,
        );
      assert.equal(await cross("autoconfig", "/mail/config-v1.1.xml"), 200);
      assert.equal(
        await cross("ua-auto-config", "/.well-known/user-agent-configuration.json"),
        200,
      );
      const profile = "/.well-known/mobileconfig?emailaddress=a@example.com";
      assert.equal(await cross("mail", profile), "blocked");
    }),
});

Deno.test("the handler fits deno serve as it is", async () => {
  const port = await freePort();
  const dir = await Deno.makeTempDir();
  const at = (path: string) => new URL(path, `file://${ROOT}`).href;
  await Deno.writeTextFile(
    join(dir, "main.ts"),
    `import { makeHandler } from "${at("lib/discovery/serve/handler.ts")}";
import { offerOf } from "${at("lib/discovery/offer.ts")}";
const own = { host: "mail.example.com", submission: [587], submissions: [465], web: "mail.example.com" };
export default { fetch: makeHandler({ offers: [offerOf({ domain: "example.com" }, own)], autodiscoverV2: false }) };
`,
  );
  // no permission of any kind is granted beyond the one port
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--quiet",
      "--no-prompt",
      "--config",
      join(ROOT, "deno.json"),
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      join(dir, "main.ts"),
    ],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = new Response(child.stderr).text();
  try {
    let body = "";
    for (let i = 0; i < 100 && body === ""; i++) {
      body = await fetch(`http://127.0.0.1:${port}/mail/config-v1.1.xml?emailaddress=a@example.com`)
        .then((r) => r.text(), () => "");
      if (body === "") await new Promise((r) => setTimeout(r, 100));
    }
    assert.match(body, /<hostname>mail\.example\.com</);
  } finally {
    child.kill("SIGTERM");
    await child.status;
    await log;
    await Deno.remove(dir, { recursive: true });
  }
});
