import { ByteSpan } from "../config/language/byte-span.ts";
import type { ServerConfig } from "../config/model/model.ts";
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
export function standingIn(
  { hosts, classes }: Pick<ServerConfig, "hosts" | "classes">,
  leases: Pick<LeaseTable, "holdOf">,
): (hardwareType: number, address: Uint8Array) => Standing {
  const tables = classes.all.map(({ subclasses }) => subclasses).filter(({ count }) => count > 0);
  // Reused for each look-up, which leaves no garbage.
  const bytes = new Uint8Array(keyBytesMax);
  const key = new ByteSpan();
  const isSubclass = (hardwareType: number, address: Uint8Array): boolean => {
    if (tables.length === 0) return false;
    bytes[0] = hardwareType;
    bytes.set(address, 1);
    const end = 1 + address.length;
    for (const subclasses of tables) {
      key.turnTo(bytes, 0, end);
      if (subclasses.indexOf(key) >= 0) return true;
      key.turnTo(bytes, 1, end);
      if (subclasses.indexOf(key) >= 0) return true;
    }
    return false;
  };
  return (hardwareType, address) => {
    const hold = leases.holdOf(hardwareType, address);
    if (hold === "active") return "known";
    if (hosts.byHardware(hardwareType, address).length > 0) return "known";
    if (isSubclass(hardwareType, address)) return "known";
    return hold === "past" ? "remembered" : "unknown";
  };
}
