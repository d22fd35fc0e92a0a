import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { BROADCAST_FLAG } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { type ClientPlan, clientInterface, type Taken } from "./dhcp-clients.testing.ts";
import {
  fromHolder,
  isRequest,
  isToEverybody,
  type Overheard,
  of,
  optionOf,
  type Tap,
  wayOf,
} from "./dhcp-tap.testing.ts";
import { LocalLink, loudMac, network, serverAddress } from "./local-link.testing.ts";
import { describeWithPeers, ip } from "./namespaces.testing.ts";

const everybody = "255.255.255.255:68 at ff:ff:ff:ff:ff:ff";

// The two ways of RFC 2131, section 4.1, and the three kinds of option 61.
const dhclient: ClientPlan = { program: "dhclient", mac: "02:77:00:00:00:01", identity: "none" };
const dhcpcd: ClientPlan = { program: "dhcpcd", mac: "02:77:00:00:00:03", identity: "none" };
const udhcpc: ClientPlan = { program: "udhcpc", mac: "02:77:00:00:00:05", identity: "none" };
const plans: readonly (readonly [name: string, plan: ClientPlan])[] = [
  ["dhclient", dhclient],
  [
    // Debian's dhclient cannot set the flag itself.
    "dhclient with a DUID, always-broadcast",
    { program: "dhclient", mac: loudMac, identity: "duid" },
  ],
  ["dhcpcd", dhcpcd],
  [
    "dhcpcd with a DUID and the broadcast flag",
    { program: "dhcpcd", mac: "02:77:00:00:00:04", identity: "duid", broadcast: true },
  ],
  ["udhcpc", udhcpc],
  [
    "udhcpc with a client identifier and the broadcast flag",
    { program: "udhcpc", mac: "02:77:00:00:00:06", identity: "hardware", broadcast: true },
  ],
];

/** RFC 2131, section 4.1, for a client on the server's own link. */
function rightWay({ type, packet }: Overheard): string {
  // No client here sets the flag once it has an address; always-broadcast is for these ACKs as well.
  if (type === MessageType.nak || (packet.flags & BROADCAST_FLAG) !== 0) return everybody;
  const address = packet.ciaddr === 0 ? packet.yiaddr : packet.ciaddr;
  return `${formatIpv4(address)}:68 at ${formatMac(packet.chaddr)}`;
}

const peers = ["dhclient", "dhcpcd", "udhcpc", "busybox"];

describeWithPeers("clients on the local link", peers, () => {
  describe("six of them at once", () => {
    let link: LocalLink;
    let requests: Tap;
    const members = new Map<string, ReturnType<LocalLink["addClient"]> & { taken: Taken }>();

    beforeAll(async () => {
      link = new LocalLink();
      requests = link.tapServer();
      await link.startServer();
      const added = plans.map(([, plan]) => link.addClient(plan));
      for (const { client } of added) client.start();
      for (const one of added) {
        members.set(one.client.plan.mac, { ...one, taken: await one.client.took() });
      }
    });

    afterAll(async () => {
      await link.close();
    });

    test("each has an address of its own", () => {
      const addresses = [...members.values()].map(({ taken }) => taken.address);
      expect(new Set(addresses).size).toBe(plans.length);
      for (const address of addresses) expect(address).toMatch(/^10\.77\.0\.(?:1[0-9]|2[0-9])$/);
    });

    test.concurrent.for(plans)("%s", async ([, plan], { expect }) => {
      const { client, inbox, namespace, taken } = members.get(plan.mac)!;
      const { address } = taken;
      const isOwn = of(plan.mac);
      /** What the client asks once `urge` is done; it must be content with the answer, too. */
      const asksAfter = async (
        urge: () => void,
        what: string,
        isWanted: (message: Overheard) => boolean,
      ): Promise<Overheard> => {
        const heardBefore = requests.heard().length;
        const takenBefore = client.taken;
        urge();
        const asked = await requests.next(what, heardBefore, (message) =>
          [isOwn, isRequest, isWanted].every((holds) => holds(message)),
        );
        expect(await client.took(takenBefore + 1)).toEqual(taken);
        return asked;
      };

      expect(taken).toMatchObject({ router: serverAddress, domain: "example.org" });
      const device = ["dev", clientInterface];
      expect(ip("-n", namespace, "-4", "-o", "address", "show", ...device)).toContain(address);
      expect(link.onDisk(address)).toEqual({ state: "active", hasUid: plan.identity !== "none" });

      const discover = requests.heard().find(isOwn)!;
      expect(discover.type).toBe(MessageType.discover);
      expect(optionOf(discover, OptionCode.clientIdentifier) ?? "").toMatch(identityOf(plan));
      expect(discover.packet.flags).toBe(plan.broadcast === true ? BROADCAST_FLAG : 0);
      const isLoud = plan.broadcast === true || plan.mac === loudMac;
      const selecting = inbox.heard().filter(isOwn).slice(0, 2);
      expect(selecting.map(({ type }) => type)).toEqual([MessageType.offer, MessageType.ack]);
      const own = `${address}:68 at ${plan.mac}`;
      expect(selecting.map(wayOf)).toEqual(isLoud ? [everybody, everybody] : [own, own]);

      const renewal = await asksAfter(() => client.renew(), "renewal", fromHolder);
      expect(formatIpv4(renewal.frame.destination)).toBe(serverAddress);

      const urge = (): void => {
        client.loseUnicastTo(serverAddress);
        client.renew();
      };
      const rebinding = await asksAfter(urge, "rebinding", isToEverybody);
      expect(formatIpv4(rebinding.packet.ciaddr)).toBe(address);
      client.findUnicastTo(serverAddress);

      if (plan.program !== "udhcpc") {
        await client.powerOff();
        const before = requests.heard().length;
        client.start();
        expect(await client.took()).toEqual(taken);
        const reboot = requests.heard(before).find(isOwn)!;
        expect(reboot).toMatchObject({ type: MessageType.request, packet: { ciaddr: 0 } });
        expect(optionOf(reboot, OptionCode.serverIdentifier)).toBeUndefined();
        expect(reboot.packet.options.getUInt32(OptionCode.requestedAddress)).toBe(
          renewal.packet.ciaddr,
        );
      }

      await client.release();
      await link.server.waitFor(
        new RegExp(`DHCPRELEASE of ${address} from ${plan.mac} .*\\(found\\)`),
      );
      await expect.poll(() => link.onDisk(address).state).toBe("free");

      const replies = inbox.heard().filter(isOwn);
      expect(replies.map(wayOf)).toEqual(replies.map(rightWay));
    });
  });

  describe("one at a time", () => {
    let link: LocalLink;

    beforeEach(() => {
      link = new LocalLink();
    });

    afterEach(async () => {
      await link.close();
    });

    test("a network is renumbered: INIT-REBOOT gets a NAK by broadcast, and a new address", async () => {
      await link.startServer();
      const members = [dhclient, dhcpcd].map((plan) => link.addClient(plan));
      for (const { client } of members) client.start();
      for (const { client } of members) {
        expect((await client.took()).address).toMatch(/^10\.77\.0\./);
        await client.powerOff();
      }
      await link.server.stop();
      link.renumberServer("10.78.0.1");
      await link.startServer("ping-check false;", "10.78.0");
      for (const { client } of members) client.start();
      for (const { client, inbox } of members) {
        expect((await client.took()).address).toMatch(/^10\.78\.0\./);
        const isOwn = of(client.plan.mac);
        await inbox.next(
          `NAK to ${client.plan.program}, by broadcast`,
          0,
          (message) =>
            message.type === MessageType.nak && isOwn(message) && wayOf(message) === everybody,
        );
      }
    });

    test("DHCP-14: an address that answers the ping-check is abandoned, and the next is offered", async () => {
      const taken = `${network}.10`;
      const other = link.addClient({
        program: "dhclient",
        mac: "02:77:00:00:00:09",
        identity: "none",
      });
      ip("-n", other.namespace, "address", "add", `${taken}/24`, "dev", clientInterface);
      await link.startServer("ping-check true;");
      const { client } = link.addClient({ ...udhcpc, requested: taken });
      client.start();
      const { address } = await client.took();
      expect(address).toMatch(/^10\.77\.0\.(?:1[1-9]|2[0-9])$/);
      expect(link.onDisk(taken).state).toBe("abandoned");
    });

    test("a lease survives SIGTERM and a new start; the pid file goes with the server", async () => {
      await link.startServer();
      const { client } = link.addClient(udhcpc);
      client.start();
      const { address } = await client.took();
      const pidFile = link.lab.path("dhcpd.pid");
      expect(readFileSync(pidFile, "latin1")).toBe(`${link.server.pid}\n`);
      const ended = await link.server.stop("SIGTERM");
      expect(ended.status).toBe(0);
      expect(() => readFileSync(pidFile)).toThrow(/ENOENT/);

      await link.startServer();
      client.renew();
      await link.server.waitFor(new RegExp(`DHCPACK on ${address} to`));
    });
  });
});

/** Option 61 as hexadecimal digits. */
function identityOf({ identity, mac }: ClientPlan): RegExp {
  if (identity === "none") return /^$/;
  if (identity === "hardware") return new RegExp(`^01${mac.replaceAll(":", "")}$`);
  // RFC 4361: 255, four bytes of IAID, then the DUID, here with the hardware address at its end.
  return new RegExp(`^ff.{8}000[13].*${mac.replaceAll(":", "")}$`);
}
