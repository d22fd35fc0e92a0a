import { latin1Text } from "../../../protocol/latin1.ts";
import type { OptionRegistry } from "../language/option-registry.ts";
import { parameterSlots } from "../language/parameters.ts";
import { Settings } from "../language/settings.ts";
import type { ProcessSettings, Scope } from "./model.ts";

type WordParameter =
  | ("omapi-key" | "log-facility" | "ddns-update-style")
  | ("db-time-format" | "lease-id-format");

/** The settings of the process, from the constant statements of the top level. */
export function processSettingsOf(root: Scope, registry: OptionRegistry): ProcessSettings {
  const settings = new Settings(registry);
  for (const statement of root.statements) {
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
    ddnsUpdateStyle: word("ddns-update-style") === undefined ? undefined : "none",
    limitedBroadcastAddress: settings.address("limited-broadcast-address"),
    localTimes: word("db-time-format")?.toLowerCase() === "local",
    hexClientIds: word("lease-id-format")?.toLowerCase() === "hex",
    dontUseFsync: settings.flag("dont-use-fsync"),
  };
}
