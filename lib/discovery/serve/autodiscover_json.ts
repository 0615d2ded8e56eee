/** Autodiscover v2, which can only say where the XML form is. Nothing of the request comes back but letters and digits. AJ-1..AJ-5 */

export interface JsonAnswer {
  readonly status: 200 | 400;
  readonly body: string;
}

const failed = (code: string, message: string): JsonAnswer => ({
  status: 400,
  body: JSON.stringify({ ErrorCode: code, ErrorMessage: message }),
});

/** AJ-4 */
const tame = (text: string): string => text.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 40);

/** `host` comes from configuration. */
export const autodiscoverJson = (
  address: string | null,
  protocol: string | null,
  host: string,
): JsonAnswer => {
  if (address === null || address === "") {
    return failed("MandatoryParameterMissing", "The address is missing");
  }
  if (protocol === null || protocol === "") {
    return failed("MissingProtocol", "The protocol is missing");
  }
  if (protocol.toLowerCase() !== "autodiscoverv1") {
    return failed(
      "InvalidProtocol",
      `The protocol ${tame(protocol)} is not offered. Supported: AutodiscoverV1`,
    );
  }
  const Url = `https://${host}/autodiscover/autodiscover.xml`;
  return { status: 200, body: JSON.stringify({ Protocol: "AutodiscoverV1", Url }) };
};
