import { describe, expect, test } from "vitest";
import { z } from "zod";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { readYaml } from "../../scenarios/yaml/checked-yaml.ts";
import { formatFileProblem } from "../../scenarios/yaml/problems.ts";
import { haProfiles } from "../../server/ha/heartbeat-times.ts";
import { haSection } from "./ha-section.ts";

const schema = z.strictObject({ ha: haSection });
const ip = (text: string): number => parseIpv4(text)!;

const lines: Readonly<Record<string, string>> = {
  nodes: "[prov01.example, prov02.example]",
  node: "prov02.example",
  links: "[{ address: 192.168.0.2, peerAddress: 192.168.0.1 }]",
  keyFile: "/etc/provlab/ha.key",
  etcd: '{ endpoints: ["http://10.0.0.1:2379"], prefix: /provlab/pair1/ }',
};

function read(changes: Readonly<Record<string, string>> = {}) {
  const fields = Object.entries({ ...lines, ...changes });
  const text = ["ha:", ...fields.map(([name, value]) => `  ${name}: ${value}`)].join("\n");
  return readYaml("prov.yaml", text, schema);
}

function planOf(changes: Readonly<Record<string, string>> = {}) {
  const reading = read(changes);
  if (reading.kind === "ok") return reading.data.ha;
  throw new Error(reading.problems.map(formatFileProblem).join("\n"));
}

test("HA-28: without times, those of the guide's ha.cf", () => {
  expect(planOf()).toEqual({
    node: "prov02.example",
    peerName: "prov01.example",
    isFirst: false,
    times: haProfiles.guide,
    links: [{ address: ip("192.168.0.2"), peerAddress: ip("192.168.0.1"), port: 694 }],
    keyFile: "/etc/provlab/ha.key",
    gatewayAddress: undefined,
    commitMsMax: 15_000,
    etcd: { endpoints: ["http://10.0.0.1:2379"], prefix: "/provlab/pair1/" },
    floatingAddress: undefined,
  });
});

test("HA-29: certificates for etcd", () => {
  const etcd =
    '{ endpoints: ["https://10.0.0.1:2379"], prefix: /a/, tls: { ca: ca.crt, certificate: prov01.crt, key: prov01.key } }';
  expect(planOf({ etcd }).etcd).toEqual({
    endpoints: ["https://10.0.0.1:2379"],
    prefix: "/a/",
    tls: { ca: "ca.crt", certificate: "prov01.crt", key: "prov01.key" },
  });
});

test("everything that can be said", () => {
  const plan = planOf({
    node: "prov01.example",
    links:
      "[{ address: 10.1.0.1, peerAddress: 10.1.0.2, port: 1694, device: eth1 }, { address: 10.2.0.1, peerAddress: 10.2.0.2 }]",
    profile: "fast",
    times: "{ dead: 600 ms, gatewayDead: 1 s }",
    gateway: "192.168.10.254",
    commitMax: "2 s",
    diskWatch: "{ folder: /var/db/leases, failedAfter: 5 s }",
    floatingAddress: "{ address: 192.168.20.10, prefixLength: 24, device: eth3 }",
  });
  expect(plan).toMatchObject({
    peerName: "prov02.example",
    isFirst: true,
    times: { ...haProfiles.fast, deadMs: 600, gatewayDeadMs: 1000 },
    links: [{ port: 1694, device: "eth1" }, { port: 694 }],
    gatewayAddress: ip("192.168.10.254"),
    commitMsMax: 2000,
    diskWatch: { folder: "/var/db/leases", failedMs: 5000 },
    floatingAddress: { address: ip("192.168.20.10"), prefixLength: 24, device: "eth3" },
  });
});

describe("mistakes are told with line and path", () => {
  const one = "{ address: 10.1.0.1, peerAddress: 10.1.0.2 }";
  test.each<readonly [string, Readonly<Record<string, string>>, RegExp]>([
    ["a stranger", { node: "prov03" }, /:3: ha.node .*none of nodes, prov01.example and prov02/],
    ["HA-1, SYS-13: a third node", { nodes: "[a, b, c]" }, /:2: ha.nodes/],
    ["one node twice", { nodes: "[a, a]" }, /:2: ha.nodes .*name two nodes/],
    ["no link", { links: "[]" }, /:4: ha.links/],
    ["three links", { links: `[${one}, ${one}, ${one}]` }, /:4: ha.links/],
    ["one link twice", { links: `[${one}, ${one}]` }, /:4: ha.links .*differ in address or port/],
    [
      "a link to itself",
      { links: "[{ address: 10.1.0.1, peerAddress: 10.1.0.1 }]" },
      /:4: ha.links\[0\] .*two addresses/,
    ],
    ["no such profile", { profile: "fats" }, /:7: ha.profile must be one of guide, fast/],
    [
      "a number without a unit",
      { times: "{ dead: 15 }" },
      /:7: ha.times.dead is 15: it needs a unit, such as 15 s/,
    ],
    [
      "dead before it is late",
      { times: "{ dead: 5 s }" },
      /:7: ha.times.dead .*at least warnMs, which is 9000 ms/,
    ],
    ["a heartbeat a moment", { times: "{ keepalive: 1 ms }" }, /:7: ha.times.keepalive .*20 ms/],
    [
      "HA-11: commits given up before the other node knows of the store",
      { commitMax: "14999 ms" },
      /:7: ha.commitMax .*at least dead, which is 15000 ms/,
    ],
    ["a gateway by name", { gateway: "router" }, /:7: ha.gateway .*write an IPv4 address/],
    [
      "HA-34: a disk that has no time",
      { diskWatch: "{ folder: d, failedAfter: 10 ms }" },
      /:7: ha.diskWatch.failedAfter .*at least 1 s/,
    ],
    ["no members", { etcd: "{ endpoints: [], prefix: /a/ }" }, /:6: ha.etcd.endpoints/],
    ["no URL", { etcd: "{ endpoints: [here], prefix: /a/ }" }, /:6: ha.etcd.endpoints\[0\]/],
    [
      "no path",
      { etcd: '{ endpoints: ["http://a:1"], prefix: pair }' },
      /:6: ha.etcd.prefix .*between slashes/,
    ],
    [
      "https without certificates",
      { etcd: '{ endpoints: ["https://a:1"], prefix: /a/ }' },
      /:6: ha.etcd.endpoints\[0\] .*needs certificates, because it is https: give ha.etcd.tls/,
    ],
    [
      "certificates for a part of the members",
      {
        etcd: '{ endpoints: ["https://a:1", "http://b:1"], prefix: /a/, tls: { ca: c, certificate: d, key: e } }',
      },
      /:6: ha.etcd.endpoints\[1\] .*must be https, because ha.etcd.tls is given/,
    ],
    [
      "a certificate without its key",
      { etcd: '{ endpoints: ["https://a:1"], prefix: /a/, tls: { ca: c, certificate: d } }' },
      /:6: ha.etcd.tls.key/,
    ],
    ["a mistyped field", { keyfile: "k" }, /:7: ha.keyfile is not known here/],
  ])("%s", (_, changes, message) => {
    expect(() => planOf(changes)).toThrow(message);
  });
});
