import { parseIpv4 } from "../../../protocol/ipv4.ts";
import type { MetricsPlan } from "./metrics-server.ts";

const LOOPBACK = 0x7f00_0001;

/** `[ADDRESS:]PORT`, by default on 127.0.0.1; undefined for any other text. */
export function parseMetricsAddress(text: string): MetricsPlan | undefined {
  const match = /^(?:([\d.]+):)?(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const address = match[1] === undefined ? LOOPBACK : parseIpv4(match[1]);
  const port = Number(match[2]);
  return address === undefined || port > 65_535 ? undefined : { address, port };
}
