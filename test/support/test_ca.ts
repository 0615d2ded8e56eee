/** An authority for client certificates, and certificates by it, made by openssl. */
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
