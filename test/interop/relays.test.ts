import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { BROADCAST_FLAG } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import type { ClientPlan, Taken } from "./dhcp-clients.testing.ts";
import {
  fromHolder,
  isToEverybody,
  type Overheard,
  of,
  optionOf,
  wayOf,
} from "./dhcp-tap.testing.ts";
import { readReply, replyLines } from "./differential/reply-text.testing.ts";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";
import {
  downstreamAddress,
  type RelayedClient,
  type RelayPlan,
  RelaySite,
} from "./relay-site.testing.ts";
import { cases, configurationFor, dnsmasq, inserting } from "./relays.testing.ts";

const everyClient = cases.flatMap((one) =>
  one.clients.map((client) => [`${client.program} behind ${one.name}`, client, one] as const),
);

/** The replies of which each client must have had one, by what they answer. */
const stages = ["offer", "ack", "renewal", "rebinding"] as const;
type Stage = (typeof stages)[number];

function stageOf({ type, packet }: Overheard): Stage | undefined {
  if (type === MessageType.offer) return "offer";
  if (type !== MessageType.ack) return undefined;
  if (packet.ciaddr === 0) return "ack";
  return packet.giaddr === 0 ? "renewal" : "rebinding";
}

/** How often each reply was heard: a server that is asked twice answers twice. */
function countByReply(replies: readonly Overheard[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { type, packet } of replies) {
    const reply = `type ${type} of transaction ${packet.xid}`;
    counts.set(reply, (counts.get(reply) ?? 0) + 1);
  }
  return counts;
}

const roamer: ClientPlan = { program: "dhclient", mac: "02:79:00:00:09:32", identity: "none" };

const peers = ["dhclient", "dhcpcd", "dhcrelay", "dhcpd", "dnsmasq", "udhcpc", "busybox"];

describeWithPeers("real clients behind real relays", peers, () => {
  describe("four relays in front of one server, and the same of dhcpd", () => {
    let lab: NetworkLab;
    const sites = new Map<RelaySite["program"], RelaySite>();
    const members = new Map<string, RelayedClient>();
    const keyOf = (program: RelaySite["program"], mac: string) => `${program} ${mac}`;
    const ofSite = (program: RelaySite["program"], mac: string) =>
      members.get(keyOf(program, mac))!;

    beforeAll(async () => {
      lab = new NetworkLab();
      await Promise.all(
        (["dhcpd", "prov"] as const).map(async (program) => {
          const site = new RelaySite(lab, program);
          sites.set(program, site);
          await site.startServer(configurationFor(cases.map(({ relay }) => relay)));
          for (const one of cases) {
            const relay = await site.addRelay(one.relay);
            for (const client of one.clients) {
              members.set(keyOf(program, client.mac), site.addClient(relay, client));
            }
          }
        }),
      );
    });

    afterAll(async () => {
      for (const site of sites.values()) site.close();
      await lab.close();
    });

    /** The same for every client of both sites, at once. */
    function everybody(act: (member: RelayedClient, site: RelaySite) => Promise<unknown>) {
      return Promise.all(
        [...sites].flatMap(([program, site]) =>
          everyClient.map(([, client]) => act(ofSite(program, client.mac), site)),
        ),
      );
    }

    /** Waits for a reply at the relay's upstream interface, and for the client's taking it. */
    async function answered(member: RelayedClient, stage: Stage, urge: () => void) {
      const { client, relay, inbox } = member;
      const takenBefore = client.taken;
      // A renewal goes through the relay's kernel, anything else through the relay.
      const place = stage === "renewal" ? inbox : relay.replies;
      const heardBefore = place.heard().length;
      urge();
      const isOwn = of(client.plan.mac);
      await place.next(
        `${stage} of ${client.plan.mac}`,
        heardBefore,
        (message) => isOwn(message) && stageOf(message) === stage,
      );
      return client.took(takenBefore + 1);
    }

    test("each gets a lease, renews, rebinds and releases", async () => {
      const bound = new Map<RelayedClient, Taken>();
      await everybody(async (member) => {
        bound.set(member, await answered(member, "ack", () => member.client.start()));
      });
      await everybody(async (member) => {
        const renewed = await answered(member, "renewal", () => member.client.renew());
        expect(renewed).toEqual(bound.get(member));
      });
      await everybody(async (member) => {
        const router = downstreamAddress(member.relay.plan);
        const { client, relay } = member;
        const askedBefore = relay.asked.heard().length;
        const rebound = await answered(member, "rebinding", () => {
          client.loseUnicastTo(router);
          client.renew();
        });
        expect(rebound).toEqual(bound.get(member));
        const asked = relay.asked.heard(askedBefore).filter(of(client.plan.mac));
        expect(asked.filter(isToEverybody).filter(fromHolder)).not.toEqual([]);
        client.findUnicastTo(router);
      });
      await everybody(async (member, site) => {
        await member.client.release();
        const { address } = bound.get(member)!;
        await site.server.waitFor(new RegExp(`DHCPRELEASE of ${address} from .*\\(found\\)`));
      });
    });

    test.each(everyClient)("%s: replies are those of dhcpd", (_name, { mac }) => {
      const linesOf = (program: RelaySite["program"]) => {
        const { relay } = ofSite(program, mac);
        const replies = relay.replies.heard().filter(of(mac));
        return stages.map((stage) => {
          const reply = replies.find((message) => stageOf(message) === stage)!;
          const lines = replyLines(readReply(reply.frame), relay.replies.hardwareAddress, {});
          // What the client chose: its transaction, and how long it had been asking.
          const own = /\b(xid|secs) [0-9a-f]+\b/g;
          return [stage, ...lines.map((line) => line.replace(own, "$1 any"))];
        });
      };
      expect(linesOf("prov")).toEqual(linesOf("dhcpd"));
    });

    test.each(everyClient)("%s: the class is told by option 82", (_name, { mac }, one) => {
      const isTagged = one.relayAgent !== undefined;
      const { relay, client } = ofSite("prov", mac);
      const ack = relay.replies
        .heard()
        .find((reply) => of(mac)(reply) && reply.type === MessageType.ack)!;
      const { net } = one.relay;
      const range = isTagged ? "10\\d" : "1\\d";
      expect(formatIpv4(ack.packet.yiaddr)).toMatch(new RegExp(`^10\\.79\\.${net}\\.${range}$`));
      const domain = isTagged ? "port-down0" : `net${net}`;
      expect(client.output).toContain(`10.79.${net}.1 ${domain}.example.org`);
    });

    test.each(everyClient)(
      "%s: giaddr and option 82 lead back, and no further",
      (_name, { mac }, one) => {
        const { relay, inbox } = ofSite("prov", mac);
        const relayAgentOf = (message: Overheard) =>
          optionOf(message, OptionCode.relayAgentInformation);
        const wasRelayed = ({ packet }: Overheard): boolean => packet.giaddr !== 0;
        const requests = sites.get("prov")!.requests.heard().filter(of(mac)).filter(wasRelayed);
        // At least a DISCOVER and the REQUESTs of SELECTING and REBINDING. dhcrelay listens to a packet
        // socket, and so relays the unicasts that it overhears, too; with -U even those that it routes.
        expect(requests.length).toBeGreaterThanOrEqual(3);
        for (const asked of requests.filter(({ packet }) => packet.op === 1)) {
          expect(formatIpv4(asked.packet.giaddr)).toBe(one.giaddr);
          expect([one.relayAgent, one.relayAgentUpstream]).toContain(relayAgentOf(asked));
          if (asked.packet.ciaddr === 0) expect(relayAgentOf(asked)).toBe(one.relayAgent);
        }

        const relayMac = formatMac(relay.replies.hardwareAddress);
        const handed = inbox.heard().filter(of(mac));
        const replies = relay.replies.heard().filter(of(mac));
        for (const reply of replies) {
          const { ciaddr, xid } = reply.packet;
          const target = wasRelayed(reply) ? `${one.giaddr}:67` : `${formatIpv4(ciaddr)}:68`;
          expect(wayOf(reply)).toBe(`${target} at ${relayMac}`);
          const echoed = requests.filter((asked) => asked.packet.xid === xid).map(relayAgentOf);
          if (wasRelayed(reply)) expect(echoed).toContain(relayAgentOf(reply));
        }

        // What was asked by the way of up0 is answered by that way, and not to the client. Each other reply is
        // handed down, and none more often than it came; the last copy of one may be on its way still.
        const downwards = countByReply(
          replies.filter((reply) => {
            const relayAgent = relayAgentOf(reply);
            return relayAgent === undefined || relayAgent === one.relayAgent;
          }),
        );
        expect([...countByReply(handed).keys()].toSorted()).toEqual(
          [...downwards.keys()].toSorted(),
        );
        for (const [reply, copies] of countByReply(handed)) {
          expect(copies, reply).toBeLessThanOrEqual(downwards.get(reply)!);
        }
        for (const reply of handed) expect(relayAgentOf(reply)).toBeUndefined();
      },
    );
  });

  describe("one relay", () => {
    let lab: NetworkLab;
    let site: RelaySite;

    afterEach(async () => {
      site.close();
      await lab.close();
    });

    /** A client behind the relay, which is in front of a server of ours. */
    async function start(relayPlan: RelayPlan, clientPlan: ClientPlan, port?: number) {
      lab = new NetworkLab();
      site = new RelaySite(lab, "prov", port);
      await site.startServer(configurationFor([relayPlan]));
      return site.addClient(await site.addRelay(relayPlan), clientPlan);
    }

    test.each([
      ["dhcrelay", inserting],
      ["dnsmasq", dnsmasq],
    ])(
      "a client that comes from another network gets a NAK through %s",
      async (_name, relayPlan) => {
        const { client, inbox, relay } = await start(relayPlan, roamer);
        client.remember("10.79.9.50");
        client.start();
        const { net } = relayPlan;
        expect((await client.took()).address).toMatch(new RegExp(`^10\\.79\\.${net}\\.`));
        const nak = ({ type }: Overheard): boolean => type === MessageType.nak;
        const [sent] = relay.replies.heard().filter(nak);
        // RFC 2131, section 4.3.2: the relay is told by the flag to broadcast the NAK.
        expect(sent!.packet.flags).toBe(BROADCAST_FLAG);
        expect(formatIpv4(sent!.frame.destination)).toBe(downstreamAddress(relayPlan));
        const [heard] = inbox.heard().filter(nak);
        expect(wayOf(heard!)).toBe("255.255.255.255:68 at ff:ff:ff:ff:ff:ff");
      },
    );

    test("server, relay and client on ports of their own", async () => {
      const port = 1067;
      const { client, relay } = await start(dnsmasq, { ...roamer, port: port + 1 }, port);
      client.start();
      const taken = await client.took();
      expect(taken.domain).toBe(`net${dnsmasq.net}.example.org`);
      await client.took(2);
      const replies = relay.replies.heard();
      expect(replies.length).toBeGreaterThanOrEqual(3);
      for (const { packet, frame } of replies) {
        expect(frame.destinationPort).toBe(packet.giaddr === 0 ? port + 1 : port);
      }
    });
  });
});
