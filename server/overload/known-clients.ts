import { ByteSpan } from "../config/language/byte-span.ts";
import type { ServerConfig, SubclassTable } from "../config/model/model.ts";
import type { LeaseTable } from "../lease/table/lease-table.ts";
import type { Standing } from "./admission.ts";

/** Hardware type and a chaddr of full length. */
const keyBytesMax = 1 + 16;

/**
 * Which clients are known before a datagram is decoded, by hardware address alone: the holder of an
 * active lease, a host declared by this address, a subclass whose key is the address, bare or with its
 * type (`hardware`). The tables are asked each time and nothing is kept. A client that is declared
 * otherwise (by remote-id or client identifier) is known from its first lease on.
 */
export class KnownClients {
  readonly #hosts: ServerConfig["hosts"];
  readonly #leases: Pick<LeaseTable, "holdOf">;
  readonly #subclasses: readonly SubclassTable[];
  /** Reused for each look-up, which leaves no garbage. */
  readonly #keyBytes = new Uint8Array(keyBytesMax);
  readonly #key = new ByteSpan();

  constructor({ hosts, classes }: Pick<ServerConfig, "hosts" | "classes">, leases: LeaseTable) {
    this.#hosts = hosts;
    this.#leases = leases;
    this.#subclasses = classes.all
      .map(({ subclasses }) => subclasses)
      .filter(({ count }) => count > 0);
  }

  readonly standingOf = (hardwareType: number, address: Uint8Array): Standing => {
    const hold = this.#leases.holdOf(hardwareType, address);
    if (hold === "active") return "known";
    if (this.#hosts.byHardware(hardwareType, address).length > 0) return "known";
    if (this.#isSubclass(hardwareType, address)) return "known";
    return hold === "past" ? "remembered" : "unknown";
  };

  #isSubclass(hardwareType: number, address: Uint8Array): boolean {
    if (this.#subclasses.length === 0) return false;
    const bytes = this.#keyBytes;
    bytes[0] = hardwareType;
    bytes.set(address, 1);
    const end = 1 + address.length;
    for (const subclasses of this.#subclasses) {
      this.#key.turnTo(bytes, 0, end);
      if (subclasses.indexOf(this.#key) >= 0) return true;
      this.#key.turnTo(bytes, 1, end);
      if (subclasses.indexOf(this.#key) >= 0) return true;
    }
    return false;
  }
}
