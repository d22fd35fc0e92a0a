import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { formatMac } from "../../../protocol/mac.ts";
import type { LocalInterface } from "../exchange/outcome.ts";

/** What has become of the interfaces that are served. */
export interface InterfaceChanges {
  /** Served from now on, or made anew by the system: their sockets have to be opened again. */
  readonly come: readonly LocalInterface[];
  /** For the log. */
  readonly news: readonly string[];
}

/** Compares the interfaces served until now with those to serve from now on, by their names. */
export function interfaceChanges(
  before: readonly LocalInterface[],
  now: readonly LocalInterface[],
): InterfaceChanges {
  const come: LocalInterface[] = [];
  const news: string[] = [];
  for (const { name } of before) {
    if (now.some((one) => one.name === name)) continue;
    news.push(
      `Interface ${name} is gone, down, or without an address of a declared subnet: ` +
        "nobody is served there until that changes.",
    );
  }
  for (const one of now) {
    const former = before.find(({ name }) => name === one.name);
    const isNew = former?.index !== one.index;
    if (isNew) come.push(one);
    if (former === undefined) news.push(`Interface ${one.name} is served (${placeOf(one)}).`);
    else if (isNew || placeOf(former) !== placeOf(one)) {
      const how = isNew ? "was made anew" : "has changed";
      news.push(`Interface ${one.name} ${how}: ${placeOf(one)}, before ${placeOf(former)}.`);
    }
  }
  return { come, news };
}

function placeOf({ hardwareAddress, addresses }: LocalInterface): string {
  return [formatMac(hardwareAddress), ...addresses.map(({ address }) => formatIpv4(address))].join(
    " ",
  );
}
