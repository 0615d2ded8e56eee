/** A headless Chromium, driven over its DevTools protocol. */
import { Buffer } from "node:buffer";
import { eventually } from "./postern.ts";

type Json = Readonly<Record<string, unknown>>;

interface Waiting {
  readonly resolve: (result: Json) => void;
  readonly reject: (e: Error) => void;
}

export class Page {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  #id = 0;
  #loads = 0;
  /** What the page complained about: script errors, breaches of its policy. */
  readonly complaints: Array<string> = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", (e) => this.#take(JSON.parse(String(e.data))));
  }

  static open(url: string): Promise<Page> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.addEventListener("open", () => resolve(new Page(socket)));
      socket.addEventListener("error", () => reject(new Error("no DevTools")));
    });
  }

  #take(message: {
    readonly id?: number;
    readonly method?: string;
    readonly result?: Json;
    readonly error?: { readonly message: string };
    readonly params?: Json;
  }): void {
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id);
    if (waiting !== undefined) {
      if (message.error === undefined) waiting.resolve(message.result ?? {});
      else waiting.reject(new Error(message.error.message));
    }
    if (message.method === "Page.loadEventFired") this.#loads++;
    if (message.method === "Runtime.exceptionThrown" || message.method === "Log.entryAdded") {
      const text = JSON.stringify(message.params);
      // a status of 400 or 404 is what some pages are about
      if (!text.includes("Failed to load resource")) this.complaints.push(text);
    }
  }

  send(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Does `work`, and waits for the page that comes of it. */
  async loading(work: () => Promise<unknown>): Promise<void> {
    const before = this.#loads;
    await work();
    await eventually(() => this.#loads > before ? true : null);
  }

  go(url: string): Promise<void> {
    return this.loading(() => this.send("Page.navigate", { url }));
  }

  /** The value of an expression in the page. */
  async value(expression: string): Promise<unknown> {
    const said = await this.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
      userGesture: true,
    });
    if (said["exceptionDetails"] !== undefined) throw new Error(JSON.stringify(said));
    const { result } = said;
    return typeof result === "object" && result !== null && "value" in result ? result.value : null;
  }

  /** A picture of the whole page, PNG. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(String(data), "base64");
  }

  size(width: number, height: number, mobile: boolean): Promise<Json> {
    const metrics = { width, height, deviceScaleFactor: 2, mobile };
    return this.send("Emulation.setDeviceMetricsOverride", metrics);
  }

  close(): void {
    this.#socket.close();
  }
}

/** Runs `test` with a page of a fresh browser, to which every name is this machine's `port`. */
export const inChromium = async (
  port: number,
  test: (page: Page) => Promise<void>,
): Promise<void> => {
  const dir = await Deno.makeTempDir({ prefix: "postern-chromium-" });
  const child = new Deno.Command("chromium", {
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--remote-debugging-port=0",
      `--user-data-dir=${dir}`,
      // as the page is over HTTPS elsewhere
      "--unsafely-treat-insecure-origin-as-secure=http://mail.example.com",
      `--host-resolver-rules=MAP * 127.0.0.1:${port}`,
      "about:blank",
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const devtools = await eventually(async () => {
      const text = await Deno.readTextFile(`${dir}/DevToolsActivePort`).catch(() => "");
      return /^(\d+)\n/.exec(text)?.[1] ?? null;
    }, 60_000);
    const targets: ReadonlyArray<{ type: string; webSocketDebuggerUrl: string }> = await eventually(
      () => fetch(`http://127.0.0.1:${devtools}/json`).then((r) => r.json(), () => null),
    );
    const target = targets.find((t) => t.type === "page");
    const page = await Page.open(target?.webSocketDebuggerUrl ?? "");
    for (const domain of ["Page", "Runtime", "Log", "Accessibility"]) {
      await page.send(`${domain}.enable`);
    }
    await page.send("Emulation.setFocusEmulationEnabled", { enabled: true });
    await page.send("Browser.grantPermissions", {
      permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"],
    });
    try {
      await test(page);
    } finally {
      page.close();
    }
  } finally {
    try {
      child.kill("SIGTERM");
    } catch { // it has ended by itself
    }
    await child.status;
    await Deno.remove(dir, { recursive: true }).catch(() => {});
  }
};
