/**
 * Which device has which address: all devices share a socket, and its datagrams have to find theirs. Four
 * bytes for every address of the population's block.
 */
export class AddressBook {
  readonly #first: number;
  readonly #holders: Int32Array;

  constructor(firstAddress: number, addressCount: number) {
    this.#first = firstAddress;
    this.#holders = new Int32Array(addressCount).fill(-1);
  }

  /** Gives the address to the device. False for an address outside the block. */
  enter(address: number, local: number): boolean {
    const index = address - this.#first;
    if (index < 0 || index >= this.#holders.length) return false;
    this.#holders[index] = local;
    return true;
  }

  /** The device no longer has the address; does nothing when another device has it by now. */
  strike(address: number, local: number): void {
    const index = address - this.#first;
    if (index >= 0 && this.#holders[index] === local) this.#holders[index] = -1;
  }

  /** The device with the address; -1 when none has it. */
  holderOf(address: number): number {
    const index = address - this.#first;
    return index >= 0 && index < this.#holders.length ? this.#holders[index] : -1;
  }
}
