/** Hardware addresses: 1 to 16 bytes, as the chaddr field holds them (RFC 2131, section 2). */

export const HARDWARE_ADDRESS_BYTES_MAX = 16;

/** ARP hardware types by ISC's name (RFC 1700, "Number Hardware Type"). */
export const hardwareTypes: ReadonlyMap<string, number> = new Map([
  ["ethernet", 1],
  ["token-ring", 6],
  ["fddi", 8],
  ["infiniband", 32],
]);

const DIGITS = "0123456789abcdef";

/** The value of a hexadecimal digit by its character code; -1 for any other character. */
export function hexDigit(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  const lower = character | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/** `:`-separated hexadecimal bytes of one or two digits each, 1 to 16 of them; else undefined. */
export function parseMac(text: string): Uint8Array | undefined {
  if (text.length > HARDWARE_ADDRESS_BYTES_MAX * 3 - 1) return undefined;
  const bytes: number[] = [];
  let value = 0;
  let digits = 0;
  for (let i = 0; i <= text.length; i += 1) {
    if (i === text.length || text.charCodeAt(i) === 0x3a) {
      if (digits === 0 || bytes.length === HARDWARE_ADDRESS_BYTES_MAX) return undefined;
      bytes.push(value);
      value = 0;
      digits = 0;
      continue;
    }
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0 || digits === 2) return undefined;
    value = value * 16 + digit;
    digits += 1;
  }
  return Uint8Array.from(bytes);
}

/** Lower case, two digits a byte: `02:10:00:00:0a:ff`. */
export function formatMac(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    text += (i === 0 ? "" : ":") + DIGITS[byte >>> 4] + DIGITS[byte & 15];
  }
  return text;
}
