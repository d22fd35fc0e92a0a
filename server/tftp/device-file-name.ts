import { pathBelowRoot } from "./file-name.ts";

/** Stands for the device's MAC in a pattern of file names. */
const MAC_PLACE = "{mac}";

const macForms = [
  /^[0-9a-f]{12}$/,
  /^[0-9a-f]{1,2}(?:([:-])[0-9a-f]{1,2})(?:\1[0-9a-f]{1,2}){4}$/,
  /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/,
];

/**
 * A MAC address as twelve hexadecimal digits in lower case, from any common form: `02100000000a`,
 * `02:10:00:00:00:0a`, `2-10-0-0-0-a` (dhcpd's binary-to-ascii writes no leading zeros),
 * `0210.0000.000a`. Undefined for any other text.
 */
export function macKeyOf(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (!macForms.some((form) => form.test(lower))) return undefined;
  if (!/[:-]/.test(lower)) return lower.replaceAll(".", "");
  return lower
    .split(/[:-]/)
    .map((octet) => octet.padStart(2, "0"))
    .join("");
}

/** Names such as `cm-{mac}.cfg` or `cm/{mac}`, below the root of the TFTP server. */
export class DeviceFileName {
  readonly #before: string;
  readonly #after: string;

  /** Throws RangeError for a pattern that no request can match, or without exactly one `{mac}`. */
  constructor(pattern: string) {
    const parts = pattern.split(MAC_PLACE);
    if (parts.length !== 2 || pathBelowRoot(pattern) !== pattern) {
      const example = `cm-${MAC_PLACE}.cfg`;
      throw new RangeError(
        `the pattern ${JSON.stringify(pattern)} must be a file name below the root with ` +
          `${MAC_PLACE} in it once, such as ${example}`,
      );
    }
    [this.#before, this.#after] = parts as [string, string];
  }

  /** The device whose file this is, in `macKeyOf`'s form; undefined when the name does not match. */
  deviceOf(filename: string): string | undefined {
    const path = pathBelowRoot(filename);
    if (path === undefined) return undefined;
    if (!path.startsWith(this.#before) || !path.endsWith(this.#after)) return undefined;
    return macKeyOf(path.slice(this.#before.length, path.length - this.#after.length));
  }
}
