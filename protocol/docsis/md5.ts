/**
 * MD5 (RFC 1321) and HMAC-MD5 (RFC 2104), because DOCSIS signs configuration files with them. They
 * find damage and carelessness; nothing else may rely on them.
 */

const BLOCK_BYTES = 64;
export const MD5_BYTES = 16;

// How far each of the four steps of a round rotates (RFC 1321, section 3.4).
const SHIFTS = Uint8Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);

// The table T of section 3.4: the first 32 bits of the fractions of sines.
const SINES = Int32Array.from({ length: 64 }, (_, i) =>
  Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32),
);

// Index of the word of the block that step i uses.
const WORDS = Uint8Array.from({ length: 64 }, (_, i) => {
  if (i < 16) return i;
  if (i < 32) return (5 * i + 1) % 16;
  if (i < 48) return (3 * i + 5) % 16;
  return (7 * i) % 16;
});

/** A running digest. Bytes may come in pieces of any size; `digest` ends it. */
export class Md5 {
  readonly #state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  readonly #words = new Int32Array(16);
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #length = 0;

  update(bytes: Uint8Array): this {
    let at = 0;
    let filled = this.#length % BLOCK_BYTES;
    this.#length += bytes.length;
    while (at < bytes.length) {
      if (filled === 0 && bytes.length - at >= BLOCK_BYTES) {
        this.#mix(bytes, at);
        at += BLOCK_BYTES;
        continue;
      }
      const take = Math.min(BLOCK_BYTES - filled, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + take), filled);
      at += take;
      filled = (filled + take) % BLOCK_BYTES;
      if (filled === 0) this.#mix(this.#block, 0);
    }
    return this;
  }

  digest(): Uint8Array {
    const byteCount = this.#length;
    const padding = new Uint8Array(((119 - (byteCount % BLOCK_BYTES)) % BLOCK_BYTES) + 9);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, byteCount << 3, true);
    view.setUint32(padding.length - 4, Math.floor(byteCount / 2 ** 29), true);
    this.update(padding);
    const result = new Uint8Array(MD5_BYTES);
    const words = new DataView(result.buffer);
    for (let i = 0; i < 4; i += 1) words.setInt32(4 * i, this.#state[i], true);
    return result;
  }

  #mix(bytes: Uint8Array, start: number): void {
    const words = this.#words;
    for (let i = 0; i < 16; i += 1) {
      const at = start + 4 * i;
      words[i] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    }
    let a = this.#state[0];
    let b = this.#state[1];
    let c = this.#state[2];
    let d = this.#state[3];
    for (let i = 0; i < 64; i += 1) {
      let mixed: number;
      if (i < 16) mixed = (b & c) | (~b & d);
      else if (i < 32) mixed = (b & d) | (c & ~d);
      else if (i < 48) mixed = b ^ c ^ d;
      else mixed = c ^ (b | ~d);
      const sum = (a + mixed + SINES[i] + words[WORDS[i]]) | 0;
      const shift = SHIFTS[((i >> 4) << 2) | (i & 3)];
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    this.#state[0] += a;
    this.#state[1] += b;
    this.#state[2] += c;
    this.#state[3] += d;
  }
}

/** 16 bytes. */
export function md5(bytes: Uint8Array): Uint8Array {
  return new Md5().update(bytes).digest();
}

/** HMAC-MD5 over the parts one after the other: 16 bytes. A long key is hashed first. */
export function hmacMd5(key: Uint8Array, parts: Iterable<Uint8Array>): Uint8Array {
  const shortKey = key.length > BLOCK_BYTES ? md5(key) : key;
  const inner = new Uint8Array(BLOCK_BYTES).fill(0x36);
  const outer = new Uint8Array(BLOCK_BYTES).fill(0x5c);
  for (let i = 0; i < shortKey.length; i += 1) {
    inner[i] ^= shortKey[i];
    outer[i] ^= shortKey[i];
  }
  const hash = new Md5().update(inner);
  for (const part of parts) hash.update(part);
  return new Md5().update(outer).update(hash.digest()).digest();
}
