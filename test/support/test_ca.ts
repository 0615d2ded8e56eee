/** An authority, and certificates by it for clients and servers, made by openssl. */
import { join } from "node:path";

const openssl = async (args: ReadonlyArray<string>): Promise<void> => {
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args] }).output();
  if (!success) throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(stderr)}`);
};

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export interface ClientPair {
  readonly cert: string;
  readonly key: string;
}

/** Makes `ca.pem` in `dir`. */
export const makeAuthority = async (dir: string): Promise<string> => {
  const file = join(dir, "ca.pem");
  await openssl(
    ["req", "-x509", ...EC, "-days", "30", "-subj", "/CN=test authority", "-keyout"].concat(
      join(dir, "ca.key"),
      "-out",
      file,
    ),
  );
  return file;
};

/** A client certificate with these addresses in it; by the authority, or by itself. */
export const makeClient = async (
  dir: string,
  name: string,
  addresses: ReadonlyArray<string>,
  selfSigned = false,
): Promise<ClientPair> => {
  const [cert, key] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  const san = addresses.length === 0
    ? []
    : ["-addext", `subjectAltName=${addresses.map((a) => `email:${a}`).join(",")}`];
  const authority = selfSigned ? [] : ["-CA", join(dir, "ca.pem"), "-CAkey", join(dir, "ca.key")];
  const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
  await openssl(
    [
      "req",
      "-x509",
      ...EC,
      "-days",
      "30",
      "-subj",
      `/CN=${name}`,
      ...san,
      ...leaf,
      ...authority,
      "-keyout",
    ]
      .concat(key, "-out", cert),
  );
  return { cert, key };
};

/** A server's certificate by the authority, for these names, or `kind:value` as openssl writes it; `chain` has the authority's behind it. */
export const makeServer = async (
  dir: string,
  file: string,
  names: ReadonlyArray<string>,
): Promise<{ readonly key: string; readonly cert: string; readonly chain: string }> => {
  const [cert, key] = [join(dir, `${file}.pem`), join(dir, `${file}.key`)];
  await openssl([
    "req",
    "-x509",
    ...EC,
    "-days",
    "30",
    "-subj",
    "/CN=server",
    "-addext",
    `subjectAltName=${names.map((n) => n.includes(":") ? n : `DNS:${n}`).join(",")}`,
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-CA",
    join(dir, "ca.pem"),
    "-CAkey",
    join(dir, "ca.key"),
    "-keyout",
    key,
    "-out",
    cert,
  ]);
  const own = await Deno.readTextFile(cert);
  return {
    key: await Deno.readTextFile(key),
    cert: own,
    chain: own + await Deno.readTextFile(join(dir, "ca.pem")),
  };
};
