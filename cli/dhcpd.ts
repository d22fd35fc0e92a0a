import { runDhcpdCommand } from "./dhcpd/command.ts";
import { packageVersion } from "./package-root.ts";

/** `prov dhcpd`: dhcpd's flags follow nobody's conventions, so they are passed on as they are. */
export async function runDhcpd(args: readonly string[]): Promise<number> {
  return runDhcpdCommand(args, packageVersion());
}
