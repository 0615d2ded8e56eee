/** Swaks, a client that shows all that it says and hears. */
import type { Site } from "./postern.ts";

/** Submits a message; what was said by both. */
export const swaks = async (site: Site, to: string, mechanism = "PLAIN"): Promise<string> => {
  const { stdout, stderr } = await new Deno.Command("swaks", {
    args: [
      ...["--server", "127.0.0.1", "--port", String(site.submissions), "--tls-on-connect"],
      ...["--auth", mechanism, "--auth-user", site.user, "--auth-password", site.password],
      ...["--from", site.user, "--to", to, "--header", "Subject: by swaks"],
    ],
  }).output();
  const text = new TextDecoder();
  return text.decode(stdout) + text.decode(stderr);
};
