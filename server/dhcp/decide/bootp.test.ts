import { describe, expect, test } from "vitest";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { type ClientMessage, deviceMac, EngineBed, ip, serverInterface } from "./engine.testing.ts";

const config = `
  authoritative; ping-check off;
  option domain-name "example.org"; option routers 10.9.0.1;
  host fixed { hardware ethernet ${deviceMac(1)}; fixed-address 10.9.0.50; }
  subnet 10.9.0.0 netmask 255.255.255.0 {
    range 10.9.0.100 10.9.0.101;
    range dynamic-bootp 10.9.0.200 10.9.0.201;
  }
`;
const from = (device: number, message: ClientMessage = {}): ClientMessage => ({
  type: "bootp",
  mac: deviceMac(device),
  giaddr: "10.9.0.2",
  ...message,
});

describe("a fixed address", () => {
  const reply = new EngineBed(config).reply(from(1, { secs: 3, hops: 1 }));

  test("the header", () => {
    const { op, hops, secs, yiaddr, siaddr, giaddr, xid } = reply.packet;
    expect({ op, hops, secs, yiaddr, siaddr, giaddr, xid }).toEqual({
      ...{ op: 2, hops: 1, secs: 3, xid: 0x1234_5678 },
      yiaddr: ip("10.9.0.50"),
      // Without next-server the client asks this server for its file.
      siaddr: serverInterface.addresses[0]?.address,
      giaddr: ip("10.9.0.2"),
    });
  });

  test("no option of DHCP's own", () => {
    const { messageType, serverIdentifier, leaseTime } = OptionCode;
    for (const code of [messageType, serverIdentifier, leaseTime]) {
      expect(reply.option(code)).toBeUndefined();
    }
    expect(reply.option(OptionCode.subnetMask)).toEqual([255, 255, 255, 0]);
    expect(reply.option(OptionCode.routers)).toEqual([10, 9, 0, 1]);
  });

  test("its options see what statements set, not what functions left at the top level", () => {
    const bed = new EngineBed(`set mark = "lease";
      define note (value) { set mark = value; return value; }
      class "notes" { match if note ("top level") = "never"; }
      option domain-name = mark; ${config.replace(/option domain-name .*?;/, "")}`);
    const name = bed.reply(from(1)).option(OptionCode.domainName) ?? [];
    expect(Buffer.from(name).toString()).toBe("lease");
  });

  test("needs no commit", () => expect(reply.durable).toBe(false));
});

describe("a lease", () => {
  test("without end, only from ranges for BOOTP clients, and the same again", () => {
    const bed = new EngineBed(config);
    const reply = bed.reply(from(2));
    expect([reply.address, reply.durable]).toEqual(["10.9.0.200", true]);
    expect(bed.records.at(-1)).toMatchObject({ bootp: true, bindingState: "active", endsAt: null });
    expect(bed.reply(from(2)).address).toBe("10.9.0.200");
    expect(bed.records).toHaveLength(1);
    expect(bed.reply(from(3)).address).toBe("10.9.0.201");
    expect(bed.verdict(from(4))).toBe("drop no-free-lease");
  });

  test("dynamic-bootp-lease-length and -cutoff", () => {
    const long = new EngineBed(`dynamic-bootp-lease-length 500; ${config}`);
    long.reply(from(2));
    expect(long.records.at(-1)?.endsAt).toBe(long.nowSeconds + 500);
    const cutoffSeconds = long.nowSeconds + 50;
    const cut = new EngineBed(`dynamic-bootp-lease-cutoff ${cutoffSeconds}; ${config}`);
    cut.reply(from(2));
    expect(cut.records.at(-1)?.endsAt).toBe(cutoffSeconds);
  });

  test("on commit runs", () => {
    const bed = new EngineBed(`on commit { set served = "yes"; } ${config}`);
    bed.reply(from(2));
    const served = ["served", Uint8Array.from(Buffer.from("yes"))];
    expect(bed.records.at(-1)?.variables).toContainEqual(served);
  });

  test("a client that speaks DHCP later has a DHCP lease", () => {
    const bed = new EngineBed(config);
    bed.reply(from(2));
    const ack = bed.reply({ ...from(2), type: "request", requested: "10.9.0.200" });
    expect([ack.type, ack.durable]).toEqual(["ack", true]);
    expect(bed.records.at(-1)?.bootp).toBeUndefined();
  });
});

describe("who is not served", () => {
  test.each<[string, string, ClientMessage, string]>([
    ["deny bootp", "deny bootp;", from(1), "drop bootp"],
    ["deny bootp, a lease", "deny bootp;", from(2), "drop bootp"],
    ["deny booting", "deny booting;", from(1), "drop booting-denied"],
    ["deny unknown-clients", "deny unknown-clients;", from(2), "drop unknown-client"],
    ["nobody's network", "", from(1, { giaddr: "10.77.0.1" }), "drop unknown-network-segment"],
    ["nobody", "", from(1, { mac: "" }), "drop no-client-identity"],
  ])("%s", (_name, statements, message, verdict) => {
    expect(new EngineBed(`${statements} ${config}`).verdict(message)).toBe(verdict);
  });

  test.each([
    ["bootp", "bootp disallowed"],
    ["booting", "booting disallowed"],
  ])("ignore %s does without the line in the log that deny writes", (subject, line) => {
    const logOf = (verb: string): string => {
      const bed = new EngineBed(`${verb} ${subject}; ${config}`);
      expect(bed.verdict(from(1))).toMatch(/^drop boot/);
      return bed.lastLog;
    };
    expect(logOf("deny")).toMatch(new RegExp(`: ${line}$`));
    expect(logOf("ignore")).toBe("");
  });

  test("in a pool that denies BOOTP clients", () => {
    const bed = new EngineBed(`subnet 10.9.0.0 netmask 255.255.255.0 {
      pool { deny dynamic bootp clients; range 10.9.0.100; } }`);
    expect(bed.verdict(from(2))).toBe("drop not-permitted");
  });
});
