import { parseIpv4 } from "../../protocol/ipv4.ts";
import type { ServerAddress } from "../../simulator/relay/cmts.ts";
import { UsageError } from "./usage-error.ts";

const DHCP_SERVER_PORT = 67;

/** Parses `--target`: an address, with a port unless it is DHCP's. Throws UsageError. */
export function parseTarget(text: string): ServerAddress {
  const match = /^([^:]+)(?::(\d+))?$/.exec(text);
  const address = match === null ? undefined : parseIpv4(match[1]);
  const port = match?.[2] === undefined ? DHCP_SERVER_PORT : Number(match[2]);
  if (address === undefined || address === 0 || port < 1 || port > 65_534) {
    throw new UsageError(`--target ${text}: write ADDRESS or ADDRESS:PORT, such as 127.0.0.1:6767`);
  }
  return { address, port };
}
