import { packageVersion } from "../lab/machine/package-root.ts";
import { runDhcpdCommand } from "./dhcpd/command.ts";

/** `prov dhcpd`: dhcpd's flags follow nobody's conventions, so they are passed on as they are. */
export async function runDhcpd(args: readonly string[]): Promise<number> {
  return runDhcpdCommand(args, packageVersion());
}
