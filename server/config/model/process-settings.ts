import { latin1Text } from "../../../protocol/latin1.ts";
import type { OptionRegistry } from "../language/option-registry.ts";
import { parameterSlots } from "../language/parameters.ts";
import type { Statement } from "../language/program.ts";
import { Settings } from "../language/settings.ts";

type WordParameter =
  | ("omapi-key" | "log-facility" | "ddns-update-style")
  | ("db-time-format" | "lease-id-format");

/** Settings of the process itself: top level only. Undefined = the file does not say. */
export type ProcessSettings = Readonly<ReturnType<typeof processSettingsOf>>;

/** Reads the constant statements of the top level. */
export function processSettingsOf(statements: readonly Statement[], registry: OptionRegistry) {
  const settings = new Settings(registry);
  for (const statement of statements) {
    if (statement.kind === "constant") {
      settings.set(statement.slot, statement.mode, statement.value);
    }
  }
  const word = (name: WordParameter): string | undefined => {
    const value = settings.valueAt(parameterSlots[name]);
    return value === undefined ? undefined : latin1Text(value);
  };
  return {
    localPort: settings.number("local-port"),
    remotePort: settings.number("remote-port"),
    localAddress: settings.address("local-address"),
    leaseFileName: settings.text("lease-file-name"),
    pidFileName: settings.text("pid-file-name"),
    omapiPort: settings.number("omapi-port"),
    omapiKey: word("omapi-key"),
    logFacility: word("log-facility")?.toLowerCase(),
    ddnsUpdateStyle: word("ddns-update-style") === undefined ? undefined : ("none" as const),
    /** Where broadcast replies go, in place of 255.255.255.255. */
    limitedBroadcastAddress: settings.address("limited-broadcast-address"),
    /** The lease file has its times as `epoch N`, with the local time in a comment. */
    localTimes: word("db-time-format")?.toLowerCase() === "local",
    /** The lease file has client identifiers as octets. */
    hexClientIds: word("lease-id-format")?.toLowerCase() === "hex",
    dontUseFsync: settings.flag("dont-use-fsync"),
  };
}
