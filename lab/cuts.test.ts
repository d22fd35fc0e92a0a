import { describe, expect, test } from "vitest";
import { parseIpv4 } from "../protocol/ipv4.ts";
import { gatewayCuts, linkCuts, storeCuts } from "./cuts.ts";
import type { PairAddresses } from "./pair-set-up.ts";

const ip = (text: string): number => parseIpv4(text)!;
const node = (last: number) => ({
  access: ip(`192.0.2.${last}`),
  links: [ip(`198.51.100.${last}`), ip(`203.0.113.${last}`)] as const,
  store: ip(`198.18.0.${last}`),
});
const addresses: PairAddresses = {
  nodes: [node(1), node(2)],
  witnessStore: ip("198.18.0.3"),
  gateway: ip("192.0.2.253"),
};
const cut = (place: string, device: string, address: string) => ({
  ...{ place, device, address: ip(address) },
});

describe("one-way cuts", () => {
  test("a link in one direction is cut where its packets are sent", () => {
    expect(linkCuts({ verb: "cutLink", link: 2, direction: "a-to-b" }, addresses)).toEqual([
      cut("node-a", "link2", "203.0.113.2"),
    ]);
  });

  test("both links in both directions are four cuts", () => {
    const cuts = linkCuts({ verb: "cutLink", direction: "both" }, addresses);
    expect(cuts).toHaveLength(4);
    expect(cuts).toContainEqual(cut("node-b", "link1", "198.51.100.1"));
  });

  test("a node that does not reach the store loses two members, and hears them still", () => {
    expect(storeCuts({ direction: "to-store" }, "b", addresses)).toEqual([
      cut("node-b", "store", "198.18.0.1"),
      cut("node-b", "store", "198.18.0.3"),
    ]);
  });

  test("a node that the store does not reach is cut at the other node and at the witness", () => {
    expect(storeCuts({ direction: "from-store" }, "b", addresses)).toEqual([
      cut("node-a", "store", "198.18.0.2"),
      cut("witness", "store", "198.18.0.2"),
    ]);
    expect(storeCuts({ direction: "both" }, "b", addresses)).toHaveLength(4);
  });

  test("the gateway is lost to one node alone", () => {
    expect(gatewayCuts("a", addresses)).toEqual([cut("node-a", "access", "192.0.2.253")]);
  });
});
