/** A bitmap over the devices of a population. */
export function newBits(devices: number): Uint8Array {
  return new Uint8Array(Math.ceil(devices / 8));
}

export function setBit(bits: Uint8Array, device: number): void {
  bits[device >>> 3] |= 1 << (device & 7);
}

export function clearBit(bits: Uint8Array, device: number): void {
  bits[device >>> 3] &= ~(1 << (device & 7));
}

export function hasBit(bits: Uint8Array, device: number): boolean {
  return (bits[device >>> 3] & (1 << (device & 7))) !== 0;
}
