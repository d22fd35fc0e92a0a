import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { type DeviceKind, deviceKinds, type Population } from "../population/population.ts";
import { bootFileNames, fileOfKind } from "./boot-files.ts";
import { names } from "./dhcpd-conf.ts";

/** What Kea is told about a headend beside its networks. */
export interface KeaRegistry {
  readonly classes: readonly object[];
  /** Undefined: Kea serves any client that looks like a device of some kind. */
  readonly reservations: readonly object[] | undefined;
}

/**
 * The classes, options and registrations of the population's dhcpd.conf in Kea's terms: a class by
 * vendor class and relay option and, where devices are registered, open to known clients alone, with a
 * global reservation for every device. Kea has no subclasses, so the reservation alone makes a device
 * registered. `bootServer` is the TFTP, Time, NTP and log server of all devices.
 */
export function keaRegistry(
  population: Population,
  { bootServer, registered }: { readonly bootServer: number; readonly registered: boolean },
): KeaRegistry {
  const kinds = deviceKinds.filter((_, index) => population.countOf[index] > 0);
  return {
    classes: kinds.flatMap((kind) => [
      kindClass(kind, bootServer, registered),
      ...fileClasses(kind),
    ]),
    reservations: registered
      ? Array.from({ length: population.size }, (_, device) => ({
          "hw-address": formatMac(population.macOf(device)),
        }))
      : undefined,
  };
}

const vendorIs = (text: string): string =>
  `substring(option[60].hex, 0, ${text.length}) == '${text}'`;
const remoteId = "relay4[2].hex";

const membership: Readonly<Record<DeviceKind, string>> = {
  "cable-modem": `(${vendorIs("docsis")}) or (not option[60].exists and ${remoteId} == pkt4.mac)`,
  mta: vendorIs("pktc1.0:"),
  cpe: `relay4[2].exists and not (${remoteId} == pkt4.mac) and not (${vendorIs("pktc")})`,
  "smart-meter": vendorIs("iec62056:"),
};

function kindClass(kind: DeviceKind, bootServer: number, registered: boolean): object {
  const server = formatIpv4(bootServer);
  const options = Object.entries(kindOptions[kind](server, bootServer));
  return {
    name: names[kind].className,
    test: registered ? `member('KNOWN') and (${membership[kind]})` : membership[kind],
    ...(kind === "cpe" ? {} : { "next-server": server }),
    ...(fileOfKind[kind] && { "boot-file-name": fileOfKind[kind] }),
    "option-data": options.map(([name, data]) => option(name, data)),
  };
}

/** The name of a standard option with its text, or the code of one that Kea does not know with its bytes. */
function option(name: string, data: string): object {
  const code = Number(name);
  if (Number.isNaN(code)) return { name, data };
  return { code, space: "dhcp4", "csv-format": false, data, "always-send": false };
}

type OptionsOf = (server: string, address: number) => Readonly<Record<string, string>>;

const kindOptions: Readonly<Record<DeviceKind, OptionsOf>> = {
  "cable-modem": (server, address) => ({
    "time-servers": server,
    "log-servers": server,
    "time-offset": "0",
    // Sub-option 1 of option 122 (RFC 3495): the primary DHCP server.
    "122": `0104${address.toString(16).padStart(8, "0")}`,
  }),
  mta: (server) => ({
    "log-servers": server,
    "boot-file-name": bootFileNames.mta,
    // Sub-option 3: 00 and the provisioning server's name; sub-option 6: the realm.
    "122": "030f000470726f76076578616d706c65000609054241534943013100",
  }),
  cpe: (server) => ({ "domain-name-servers": server, "domain-name": "example.net" }),
  "smart-meter": (server) => ({
    "ntp-servers": server,
    "log-servers": server,
    "tftp-server-name": server,
    "boot-file-name": bootFileNames.meter,
  }),
};

/** CLASS-4: the modem's file by its DOCSIS version. */
function fileClasses(kind: DeviceKind): readonly object[] {
  if (kind !== "cable-modem") return [];
  const member = `member('${names[kind].className}')`;
  const { modem } = bootFileNames;
  const file = (name: string, test: string, fileName: string): object => ({
    ...{ name, test: `${member} and ${test}` },
    "boot-file-name": fileName,
  });
  const is31 = `(${vendorIs("docsis3.1")})`;
  const is30 = `(${vendorIs("docsis3.0")})`;
  return [
    file("modem-3.1", is31, modem["3.1"]),
    file("modem-3.0", is30, modem["3.0"]),
    file("modem-2.0", `option[60].exists and not ${is31} and not ${is30}`, modem["2.0"]),
    file("modem-1.0", "not option[60].exists", modem["1.0"]),
  ];
}
