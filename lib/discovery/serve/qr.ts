/** A QR code as an SVG picture, black on white whatever the page's colours are: cameras want it so. */
import { encode } from "uqr";
import { escape } from "../xml.ts";

/** Modules of white around it. ISO 18004 asks for four. */
const QUIET = 4;

export const qrSvg = (text: string, title: string): string => {
  const { data, size } = encode(text, { ecc: "M", border: QUIET });
  const path = data.flatMap((row, y) =>
    row.flatMap((dark, x) => dark ? [`M${x} ${y}h1v1h-1z`] : [])
  );
  return `<svg class="qr" role="img" aria-label="${escape(title)}" viewBox="0 0 ${size} ${size}" ` +
    `shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/>` +
    `<path fill="#000" d="${path.join("")}"/></svg>`;
};
