import { describe, expect, test } from "vitest";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { decodePacket, encodePacket } from "../../protocol/dhcp/packet.ts";
import { parseIpv4, writeIpv4 } from "../../protocol/ipv4.ts";
import { bootParametersOf } from "./boot-parameters.ts";

describe("bootParametersOf", () => {
  const text = (value: string) => new TextEncoder().encode(value);

  function addresses(...list: string[]): Uint8Array {
    const value = new Uint8Array(4 * list.length);
    for (const [index, address] of list.entries()) {
      writeIpv4(value, 4 * index, parseIpv4(address) ?? 0);
    }
    return value;
  }

  interface Ack {
    readonly siaddr?: string;
    readonly file?: string;
    readonly options?: readonly (readonly [number, Uint8Array])[];
  }

  function parametersOf({ siaddr, file, options }: Ack) {
    const bytes = new Uint8Array(800);
    const end = encodePacket(
      {
        op: 2,
        htype: 1,
        hops: 0,
        xid: 1,
        secs: 0,
        flags: 0,
        ciaddr: 0,
        yiaddr: 0x7f40_0010,
        siaddr: parseIpv4(siaddr ?? "0.0.0.0") ?? 0,
        giaddr: 0,
        chaddr: Uint8Array.of(2, 0x10, 0, 0, 0, 1),
        sname: new Uint8Array(0),
        file: text(file ?? ""),
        options: [
          { code: OptionCode.messageType, value: Uint8Array.of(5) },
          ...(options ?? []).map(([code, value]) => ({ code, value })),
        ],
      },
      bytes,
      0,
    );
    return bootParametersOf(decodePacket(bytes.subarray(0, end)));
  }

  const ip = (dotted: string) => parseIpv4(dotted)!;

  test("TFTP-2: the other node's server first, one's own second, each once", () => {
    const parameters = parametersOf({
      siaddr: "10.0.0.2",
      file: "cm.bin",
      options: [
        [150, addresses("10.0.0.2", "10.0.0.1", "0.0.0.0")],
        [66, text("10.0.0.1")],
        [67, text("other.bin")],
      ],
    });
    expect(parameters.tftpServers).toEqual([ip("10.0.0.2"), ip("10.0.0.1")]);
    expect(parameters.filename).toBe("cm.bin");
    expect(parameters.address).toBe(0x7f40_0010);
  });

  test("SM-1, SM-4: options 66 and 67 alone, NTP and syslog servers", () => {
    const parameters = parametersOf({
      options: [
        [66, text("192.168.101.103\0")],
        [67, text("sm_test01.zip\0")],
        [42, addresses("192.168.101.103", "192.168.101.104")],
        [7, addresses("192.168.101.105")],
        [4, addresses("192.168.101.106")],
      ],
    });
    expect(parameters).toEqual({
      address: 0x7f40_0010,
      tftpServers: [ip("192.168.101.103")],
      filename: "sm_test01.zip",
      ntpServers: [ip("192.168.101.103"), ip("192.168.101.104")],
      logServers: [ip("192.168.101.105")],
      timeServers: [ip("192.168.101.106")],
      mtaDhcpServers: [],
    });
  });

  /** Option 125 of one vendor; lengths below 256. */
  const vendorOption = (enterprise: number, code: number, value: Uint8Array) =>
    Uint8Array.of(
      0,
      0,
      enterprise >> 8,
      enterprise & 255,
      value.length + 2,
      code,
      value.length,
      ...value,
    );

  test("a DOCSIS 3.0 modem puts the servers of option 125 sub-option 2 first", () => {
    const tftpServersOf = (vendor: Uint8Array) =>
      parametersOf({ siaddr: "10.0.0.1", options: [[125, vendor]] }).tftpServers;
    const listed = addresses("10.0.0.2", "10.0.0.1");
    expect(tftpServersOf(vendorOption(4491, 2, listed))).toEqual([ip("10.0.0.2"), ip("10.0.0.1")]);
    // Another vendor's, another sub-option, and one that is cut off.
    for (const other of [
      vendorOption(3561, 2, listed),
      vendorOption(4491, 3, listed),
      vendorOption(4491, 2, listed).subarray(0, -1),
    ]) {
      expect(tftpServersOf(other)).toEqual([ip("10.0.0.1")]);
    }
  });

  test("a modem is told which DHCP servers its MTA may use (option 122, sub-options 1 and 2)", () => {
    const mtaDhcpServersOf = (ccc: Uint8Array) =>
      parametersOf({ options: [[122, ccc]] }).mtaDhcpServers;
    const first = Uint8Array.of(1, 4, 10, 0, 0, 1);
    const second = Uint8Array.of(2, 4, 10, 0, 0, 2);
    const realm = Uint8Array.of(6, 9, 5, 0x42, 0x41, 0x53, 0x49, 0x43, 1, 0x31, 0);
    expect(mtaDhcpServersOf(Uint8Array.of(...realm, ...second, ...first))).toEqual([
      ip("10.0.0.1"),
      ip("10.0.0.2"),
    ]);
    expect(mtaDhcpServersOf(first)).toEqual([ip("10.0.0.1")]);
    expect(mtaDhcpServersOf(realm)).toEqual([]);
    expect(mtaDhcpServersOf(first.subarray(0, 5))).toEqual([]);
  });

  test("an ACK that names nothing, or a server by a name", () => {
    for (const options of [[], [[66, text("tftp.example.net")] as const]]) {
      expect(parametersOf({ options })).toMatchObject({
        tftpServers: [],
        filename: "",
        ntpServers: [],
      });
    }
  });
});
