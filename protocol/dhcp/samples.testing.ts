/** Real and made packets, each with its origin, for tests of everything that decodes DHCP. */
export interface SamplePacket {
  readonly name: string;
  /** Where it comes from: captured from a peer, or built by hand from a format description. */
  readonly origin: string;
  readonly messageType: number;
  readonly bytes: Uint8Array;
}

interface SampleText {
  /** The first 44 bytes, op to chaddr. */
  readonly header: string;
  readonly sname?: string;
  readonly file?: string;
  readonly options: string;
  /** Zero-filled up to here. */
  readonly bytesMin?: number;
}

/** Bytes of hexadecimal text; blanks separate, `#` begins a remark up to the end of the line. */
export function bytesOfHex(text: string): Uint8Array {
  const digits = text.replace(/#.*$/gm, "").replace(/\s+/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error(`not hexadecimal: ${digits}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

// Independent of the encoder on purpose: what is tested must not build its own evidence.
function message({ header, sname = "", file = "", options, bytesMin = 0 }: SampleText): Uint8Array {
  const head = bytesOfHex(header);
  if (head.length !== 44) throw new Error(`a header of ${head.length} bytes`);
  const tail = bytesOfHex(options);
  const bytes = new Uint8Array(Math.max(240 + tail.length, bytesMin));
  bytes.set(head, 0);
  bytes.set(bytesOfHex(sname), 44);
  bytes.set(bytesOfHex(file), 108);
  bytes.set([0x63, 0x82, 0x53, 0x63], 236);
  bytes.set(tail, 240);
  return bytes;
}

function ascii(text: string): string {
  return Array.from(text, (character) =>
    character.charCodeAt(0).toString(16).padStart(2, "0"),
  ).join("");
}

/** One option or sub-option in hexadecimal, with its length worked out. */
function tlv(code: number, ...parts: readonly string[]): string {
  const value = bytesOfHex(parts.join(""));
  const digits = [code, value.length, ...value].map((byte) => byte.toString(16).padStart(2, "0"));
  return digits.join("");
}

const UDHCPC = "captured: BusyBox udhcpc 1.37.0 on a veth pair";
const DHCPD = "captured: ISC dhcpd 4.4.3-P1 on a veth pair";
const DHCLIENT = "captured: ISC dhclient 4.4.3-P1 on a veth pair";
const PERFDHCP = "captured: Kea's perfdhcp as a relay on a veth pair";
const BY_HAND = "built by hand from RFC 2131, 2132, 3046 and the DOCSIS formats";

const LOCAL = "00000000 00000000 00000000 00000000 00000000";
const MODEM = "0210 0000 002a 0000 0000 0000 0000 0000";

const relayInformation = tlv(82, tlv(1, "00000007"), tlv(2, "02100000002a"));

const longPathOptions = `
  35 01 02 36 04 c0000201 33 04 00000258 3d 07 0102100000002a 01 04 ffffff00 02 04 ffffd5d0
  03 04 c0000201 04 04 c0000208 07 04 c0000209
  0e 50 ${ascii("/var/crash/another-long-path-that-needs-room/in-the-reply-of-the-server/dump.bin")}
  0f 0b ${ascii("example.net")}
  11 70 ${ascii(
    "/export/a-path-that-takes-a-good-part-of-the-options-field/so-that-overload-is-used-by-the-server/for-the-sample",
  )}`;

const vendorBlock = `2b 64 ${ascii("0123456789".repeat(10))}`;

export const samplePackets: readonly SamplePacket[] = [
  {
    name: "udhcpc DISCOVER as a DOCSIS 3.0 modem",
    origin: UDHCPC,
    messageType: 1,
    bytes: message({
      header: `01010600 6fde800c ${LOCAL} ${MODEM}`,
      options: `350101 39020240 370f 0102030406070c0f1c2a2b42437796
        3c0a 646f63736973332e303a 3d06 010210000000 ff`,
      bytesMin: 300,
    }),
  },
  {
    name: "dhcpd OFFER with the options of a modem",
    origin: DHCPD,
    messageType: 2,
    bytes: message({
      header: `02010600 6fde800c 00000000 00000000 c0000264 00000000 00000000 ${MODEM}`,
      options: `35 01 02 36 04 c0000201 33 04 00000258 3d 06 010210000000 01 04 ffffff00
        02 04 ffffd5d0 03 04 c0000201 04 04 c0000208 07 04 c0000209 0f 0b ${ascii("example.net")}
        ${vendorBlock}
        43 41 ${ascii("cm/basic-profile-with-a-rather-long-name-for-the-option-field.cfg")}
        77 11 0161076578616d706c65036e657400c002 96 04 c0000207 ff`,
    }),
  },
  {
    name: "dhcpd OFFER over options, file and sname, without End in the options field",
    origin: `${DHCPD}; option 67 is split over all three fields`,
    messageType: 2,
    bytes: message({
      header: `02010600 fc3aa271 00000000 00000000 c0000265 00000000 00000000 ${MODEM}`,
      sname: "43 02 6667 77 11 0161076578616d706c65036e657400c002 96 04 c0000207 ff",
      file: `${vendorBlock} 43 17 ${ascii("-for-the-option-field.c")} ff`,
      options: `${longPathOptions}
        43 28 ${ascii("cm/basic-profile-with-a-rather-long-name")} 34 01 03`,
    }),
  },
  {
    name: "dhcpd OFFER to a relay, option 82 behind option 52, without End",
    origin: `${DHCPD}; option 67 is split over two fields`,
    messageType: 2,
    bytes: message({
      header: `02010601 0a0b0c0d 00000000 00000000 c0000264 00000000 c0000202 ${MODEM}`,
      sname: "77 11 0161076578616d706c65036e657400c002 ff",
      file: `${vendorBlock} 43 10 ${ascii("option-field.cfg")} 96 04 c0000207 ff`,
      options: `${longPathOptions.replace("3d 07 0102100000002a", "")}
        43 31 ${ascii("cm/basic-profile-with-a-rather-long-name-for-the-")} 34 01 03
        52 0e 01 04 00000007 02 06 021000000020`,
    }),
  },
  {
    name: "udhcpc REQUEST in SELECTING",
    origin: UDHCPC,
    messageType: 3,
    bytes: message({
      header: `01010600 5cd37125 ${LOCAL} ${MODEM}`,
      options: `350103 3204c0000265 3604c0000201 39020240 3707 0103060c0f1c2a
        3c0c ${ascii("udhcp 1.37.0")} 3d07 0102100000002a ff`,
      bytesMin: 300,
    }),
  },
  {
    name: "dhclient DISCOVER as an MTA, with a user class",
    origin: DHCLIENT,
    messageType: 1,
    bytes: message({
      header: `01010600 ea2f7458 ${LOCAL} ${MODEM}`,
      options: `350101 3706 01030f07772b 3c08 ${ascii("pktc1.0:")} 4d03 ${ascii("lab")} ff`,
      bytesMin: 300,
    }),
  },
  {
    name: "dhcpd ACK",
    origin: DHCPD,
    messageType: 5,
    bytes: message({
      header: `02010600 5cd37125 00000000 00000000 c0000265 00000000 00000000 ${MODEM}`,
      options: `350105 3604c0000201 330400000258 3d070102100000002a 0104ffffff00 0304c0000201
        0f0b ${ascii("example.net")} ff`,
      bytesMin: 300,
    }),
  },
  {
    name: "perfdhcp DISCOVER as a relay, 274 bytes",
    origin: PERFDHCP,
    messageType: 1,
    bytes: message({
      header: `01010601 00000000 00000000 00000000 00000000 00000000 c0000202
        000c 0102 0304 0000 0000 0000 0000 0000`,
      options: "350101 3707 011c02030f060c 3c0a 646f63736973332e303a 3d07 01000c01020304 ff",
    }),
  },
  {
    name: "DISCOVER of a DOCSIS 1.1 modem through its CMTS",
    origin: BY_HAND,
    messageType: 1,
    bytes: message({
      header: `01010601 0000a5a5 0004 0000 00000000 00000000 00000000 7f400001 ${MODEM}`,
      options: `35 01 01
        ${tlv(60, ascii("docsis1.1:050f010101020101030101060101080110"))}
        3d 07 01 02100000002a
        ${tlv(
          43,
          tlv(2, ascii("ECM")),
          tlv(3, ascii("ECM:EMTA")),
          tlv(4, ascii("SN01")),
          tlv(8, "00095b"),
          tlv(10, ""),
        )}
        37 09 01 02 03 04 06 07 0c 2b 7a
        39 02 05dc
        ${relayInformation}
        ff`,
    }),
  },
  {
    name: "DISCOVER of a CPE behind the modem, with every sub-option of option 82",
    origin: `${BY_HAND}; remote-id differs from chaddr`,
    messageType: 1,
    bytes: message({
      header: `01010601 00c0ffee 0000 8000 00000000 00000000 00000000 7f400001
        0230 0000 0007 0000 0000 0000 0000 0000`,
      options: `35 01 01 0c 04 ${ascii("home")} 32 04 7f400aff 3d 07 01 023000000007
        ${tlv(81, "00 00 00", ascii("home.lo"))}
        37 05 01 03 06 0f 77
        ${tlv(
          82,
          tlv(1, "00000007"),
          tlv(2, "02100000002a"),
          tlv(4, "00000001"),
          tlv(5, "7f400801"),
          tlv(9, "0000118b", "06", tlv(1, tlv(1, "0300"))),
          tlv(19, ""),
        )}
        ff`,
    }),
  },
  {
    name: "REQUEST of a smart meter in RENEWING",
    origin: BY_HAND,
    messageType: 3,
    bytes: message({
      header: `01010600 12345678 0000 0000 7f480102 00000000 00000000 00000000
        0240 0000 0009 0000 0000 0000 0000 0000`,
      options: `35 01 03 ${tlv(60, ascii("meter-model"))} 3d 07 01 024000000009
        37 08 01 03 06 07 0c 2a 42 43 ff`,
      bytesMin: 300,
    }),
  },
  {
    name: "ACK with options 122, 124 and 125",
    origin: `${BY_HAND}; RFC 3495, RFC 3925`,
    messageType: 5,
    bytes: message({
      header: `02010601 0000a5a5 0000 0000 00000000 7f440105 c0a8000c 7f400001
        0220 0000 002a 0000 0000 0000 0000 0000`,
      sname: ascii("prov.example.net"),
      file: ascii("mta/basic.bin"),
      options: `35 01 05 36 04 7f000001 33 04 00093a80 3a 04 00049d40 3b 04 00081330
        01 04 ffff0000 03 04 7f440001 2a 08 c0a8000b c0a8000c
        ${tlv(
          122,
          tlv(1, "c0a8000b"),
          tlv(2, "c0a8000c"),
          tlv(3, "00", tlv(4, ascii("prov")).slice(2), tlv(7, ascii("example")).slice(2), "00"),
          tlv(6, "05", ascii("BASIC"), "01", ascii("1"), "00"),
          tlv(7, "00"),
          tlv(8, "0a"),
        )}
        ${tlv(124, "0000118b", "03", ascii("lab"))}
        ${tlv(125, "0000118b", "09", tlv(2, "c0a8000c"), tlv(4, "01"))}
        ${relayInformation}
        ff`,
      bytesMin: 300,
    }),
  },
  {
    name: "NAK to a relay",
    origin: BY_HAND,
    messageType: 6,
    bytes: message({
      header: `02010601 0000a5a5 0000 8000 00000000 00000000 00000000 7f400001 ${MODEM}`,
      options: `35 01 06 36 04 7f000001 ${tlv(56, ascii("requested address not available"))}
        ${relayInformation} ff`,
      bytesMin: 300,
    }),
  },
  {
    name: "DECLINE",
    origin: BY_HAND,
    messageType: 4,
    bytes: message({
      header: `01010600 0badcafe ${LOCAL} ${MODEM}`,
      options: `35 01 04 32 04 c0000265 36 04 c0000201 ${tlv(56, ascii("in use"))} ff`,
      bytesMin: 300,
    }),
  },
  {
    name: "RELEASE",
    origin: BY_HAND,
    messageType: 7,
    bytes: message({
      header: `01010600 0badcafe 0000 0000 c0000265 00000000 00000000 00000000 ${MODEM}`,
      options: "35 01 07 36 04 c0000201 3d 07 01 02100000002a ff",
      bytesMin: 300,
    }),
  },
  {
    name: "INFORM",
    origin: BY_HAND,
    messageType: 8,
    bytes: message({
      header: `01010600 0badcaff 0000 0000 c0000265 00000000 00000000 00000000 ${MODEM}`,
      options: "35 01 08 37 03 06 0f 2a ff",
      bytesMin: 300,
    }),
  },
  {
    name: "LEASEACTIVE, not padded",
    origin: "options in the order that ISC dhcpd 4.4.3-P1 was seen to send (RFC 4388)",
    messageType: 13,
    bytes: message({
      header: `02010600 00000001 0000 0000 0a090064 00000000 00000000 0a090002
        0200 0000 0001 0000 0000 0000 0000 0000`,
      options: `35 01 0d 36 04 0a090001 33 04 0000012c 3a 04 00000096 3b 04 00000106 5b 04 00000000
        ${tlv(60, ascii("docsis3.0:05"))} 3d 07 01020000000001 52 06 01 04 00000001 ff`,
    }),
  },
  {
    name: "LEASEQUERY by client identifier, without a hardware address",
    origin: "built by hand from RFC 4388, section 6.3",
    messageType: 10,
    bytes: message({
      header: `01000000 00000002 0000 0000 00000000 00000000 00000000 0a090002
        0000 0000 0000 0000 0000 0000 0000 0000`,
      options: "35 01 0a 3d 07 01020000000001 37 03 33 52 3c ff",
    }),
  },
  {
    name: "ACK with an option of 300 bytes in two instances",
    origin: "built by hand from RFC 3396, section 5",
    messageType: 5,
    bytes: message({
      header: `02010600 0badcafe 00000000 00000000 c0000265 00000000 00000000 ${MODEM}`,
      options: `35 01 05 36 04 c0000201 33 04 00000258
        2b ff ${"a5".repeat(255)} 0c 01 61 2b 2d ${"5a".repeat(45)} ff`,
    }),
  },
  {
    name: "BOOTP request with the cookie and no message type",
    origin: "built by hand from RFC 951 and RFC 1497",
    messageType: 0,
    bytes: message({
      header: `01010600 00000bad 0001 0000 00000000 00000000 00000000 00000000 ${MODEM}`,
      options: "00 00 ff",
      bytesMin: 300,
    }),
  },
];
