import { describe, expect, test } from "vitest";
import { formatIpv4, readIpv4 } from "../../../protocol/ipv4.ts";
import { configOf, EngineBed, ip } from "../decide/engine.testing.ts";
import { crossTftp } from "./crossed-tftp.ts";
import { PolicyCache } from "./policy-cache.ts";

const one = "10.20.0.11";
const two = "10.20.0.12";
const third = "10.20.0.13";
const pair = { own: ip(one), other: ip(two) };

const bytes = (...list: string[]): Uint8Array =>
  Uint8Array.from(list.flatMap((address) => address.split(".").map(Number)));
const text = (name: string): Uint8Array => new TextEncoder().encode(name);
const addresses = (value: Uint8Array | readonly number[] | undefined): string[] | undefined =>
  value === undefined
    ? undefined
    : Array.from({ length: value.length / 4 }, (_, at) =>
        formatIpv4(readIpv4(Uint8Array.from(value), 4 * at)),
      );

interface Names {
  readonly next?: string;
  readonly list?: readonly string[];
  readonly name?: string;
}

function cross({ next, list, name }: Names) {
  const crossed = crossTftp(
    {
      nextServer: next === undefined ? 0 : ip(next),
      addresses: list && bytes(...list),
      name: name === undefined ? undefined : text(name),
    },
    pair,
  );
  return (
    crossed && {
      next: formatIpv4(crossed.nextServer),
      list: addresses(crossed.addresses),
      name: crossed.name === undefined ? undefined : new TextDecoder().decode(crossed.name),
    }
  );
}

describe("TFTP-2: the other node's server first, one's own second", () => {
  test.each<[string, Names, Names]>([
    ["one's own, as siaddr", { next: one }, { next: two, list: [two, one] }],
    ["the other's, as siaddr", { next: two }, { next: two, list: [two, one] }],
    ["both, the wrong way round", { next: one, list: [one, two] }, { next: two, list: [two, one] }],
    ["both, the right way round", { next: two, list: [two, one] }, { next: two, list: [two, one] }],
    ["one in the list", { list: [one] }, { next: "0.0.0.0", list: [two, one] }],
    ["a third server before", { list: [third, one] }, { next: "0.0.0.0", list: [third, two, one] }],
    [
      "a third server between",
      { list: [one, third, two] },
      { next: "0.0.0.0", list: [two, one, third] },
    ],
    ["a third server as siaddr", { next: third, list: [one] }, { next: third, list: [two, one] }],
    [
      "a third server in the list only",
      { next: one, list: [third] },
      { next: two, list: [two, one, third] },
    ],
    ["in text", { name: one }, { next: "0.0.0.0", list: [two, one], name: two }],
    [
      "a host name is left alone",
      { next: one, name: "tftp.cable.example" },
      { next: two, list: [two, one], name: "tftp.cable.example" },
    ],
  ])("%s", (_name, configured, expected) => {
    expect(cross(configured)).toEqual({ name: undefined, ...expected });
  });

  test.each<[string, Names]>([
    ["nothing", {}],
    ["a third server", { next: third, list: [third], name: third }],
    ["a host name", { name: "tftp" }],
    ["an empty list", { list: [] }],
  ])("%s is left alone", (_name, configured) => {
    expect(cross(configured)).toBeUndefined();
  });

  test("an option 150 that is no list of addresses is left alone", () => {
    const addresses = text("10.20.0.11");
    const crossed = crossTftp({ nextServer: pair.own, addresses, name: undefined }, pair);
    expect(crossed).toEqual({ nextServer: pair.other, addresses, name: undefined });
  });
});

describe("replies of a node", () => {
  const configText = `
    authoritative; ping-check off;
    subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.102; }
    next-server ${one};
    if option host-name = "meter" {
      option tftp-server-name "${one}";
    } elsif option host-name = "elsewhere" {
      next-server ${third};
    } else {
      option tftp-server-address ${one}, ${two};
    }
  `;
  const bedOf = (tftpServers: typeof pair | undefined): EngineBed =>
    new EngineBed(configText, [], { tftpServers });

  test.each([
    { hostname: "modem", list: [150, 66], siaddr: two, option150: [two, one], option66: undefined },
    { hostname: "modem", siaddr: two, option150: [two, one], option66: undefined },
    { hostname: "modem", list: [1], siaddr: two, option150: undefined, option66: undefined },
    { hostname: "meter", list: [150, 66], siaddr: two, option150: [two, one], option66: two },
    // Without a list goes out what the configuration sends.
    { hostname: "meter", siaddr: two, option150: undefined, option66: two },
    { hostname: "elsewhere", list: [150], siaddr: third, option150: undefined },
  ])("$hostname, asking for $list", ({ hostname, list, siaddr, option150, option66 }) => {
    const bed = bedOf(pair);
    const asked = list === undefined ? {} : { list };
    for (const type of ["discover", "discover", "inform"] as const) {
      const where = type === "inform" ? { ciaddr: "10.9.0.7" } : {};
      const reply = bed.reply({ type, giaddr: "10.9.0.2", hostname, ...asked, ...where });
      expect(formatIpv4(reply.packet.siaddr)).toBe(siaddr);
      expect(addresses(reply.option(150))).toEqual(option150);
      const name = reply.option(66);
      expect(name && String.fromCharCode(...name)).toBe(option66);
    }
  });

  test("a node without a pair says what its configuration says", () => {
    const reply = bedOf(undefined).reply({ giaddr: "10.9.0.2", hostname: "modem", list: [150] });
    expect(formatIpv4(reply.packet.siaddr)).toBe(one);
    expect(addresses(reply.option(150))).toEqual([one, two]);
  });

  test("a remembered policy is crossed once", () => {
    const config = configOf(`next-server ${one};`);
    const cache = new PolicyCache(config, pair);
    const policy = cache.policyFor({}, { packet: undefined as never, known: true });
    expect(policy).toMatchObject({ constant: true, nextServer: pair.other });
  });
});
