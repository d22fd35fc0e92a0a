import type { Site } from "./contender.testing.ts";
import { asks } from "./steps.testing.ts";

const long = (length: number): string =>
  Array.from({ length }, (_, at) => String.fromCharCode(97 + (at % 26))).join("");

export const sizeSite: Site = {
  name: "replies that hardly fit",
  configuration: `
authoritative;
subnet 10.9.0.0 netmask 255.255.255.0 { }
option opaque code 224 = string;
option other code 225 = string;
option third code 226 = string;
subnet 10.16.0.0 netmask 255.255.255.0 {
  range 10.16.0.100 10.16.0.199;
  option domain-name "${long(120)}";
  option opaque "${long(100)}";
  option other "${long(90)}";
}
subnet 10.17.0.0 netmask 255.255.255.0 {
  range 10.17.0.100 10.17.0.199;
  filename "boot.bin";
  option domain-name "${long(120)}";
  option opaque "${long(100)}";
  option other "${long(90)}";
}
subnet 10.18.0.0 netmask 255.255.255.0 {
  range 10.18.0.100 10.18.0.199;
  server-name "server.example.org";
  option domain-name "${long(120)}";
  option opaque "${long(100)}";
  option other "${long(90)}";
}
subnet 10.19.0.0 netmask 255.255.255.0 {
  range 10.19.0.100 10.19.0.199;
  option opaque "${long(250)}";
  option other "${long(250)}";
  option third "${long(250)}";
  option domain-name "x";
}
subnet 10.20.0.0 netmask 255.255.255.0 {
  range 10.20.0.100 10.20.0.199;
  option opaque = concat("${long(200)}", "${long(200)}");
}
subnet 10.21.0.0 netmask 255.255.255.0 {
  range 10.21.0.100 10.21.0.199;
  filename "${long(140)}";
  server-name "${long(70)}";
}
subnet 10.22.0.0 netmask 255.255.255.0 {
  range 10.22.0.100 10.22.0.199;
  option dhcp-max-message-size 700;
  option opaque "${long(250)}";
  option other "${long(250)}";
}
`,
  scripts: [
    asks("into file, by list", { list: [224, 225, 15, 1] }),
    asks("into file, by another list", { list: [15, 225, 224, 1] }),
    asks("option 57 makes room", { maxMessageSize: 1400 }),
    asks("option 57 makes some room", { maxMessageSize: 600, list: [224, 225, 15] }),
    asks("into sname, because there is a file name", { giaddr: "10.17.0.1", list: [224, 225, 15] }),
    asks("into file, because there is a server name", {
      giaddr: "10.18.0.1",
      list: [224, 225, 15],
    }),
    asks("more than fits anywhere", { giaddr: "10.19.0.1", list: [224, 225, 226, 15] }),
    asks("more than fits anywhere, small ones first", {
      giaddr: "10.19.0.1",
      list: [15, 226, 225, 224],
    }),
    asks("more than fits anywhere, with room", {
      giaddr: "10.19.0.1",
      list: [224, 225, 226, 15],
      maxMessageSize: 1500,
    }),
    asks("longer than one option", { giaddr: "10.20.0.1", list: [224], maxMessageSize: 1500 }),
    asks("longer than one option, overloaded", { giaddr: "10.20.0.1", list: [224] }),
    asks(
      "INFORM does not overload",
      {
        ...{ type: "inform", ciaddr: "10.16.0.20", list: [224, 225, 15, 1] },
      },
      "ack",
    ),
    asks(
      "INFORM with option 57",
      {
        ...{ type: "inform", ciaddr: "10.16.0.20", list: [224, 225, 15, 1], maxMessageSize: 1000 },
      },
      "ack",
    ),
    asks("names longer than their fields", { giaddr: "10.21.0.1", list: [1] }),
    asks("a smaller limit by configuration", {
      giaddr: "10.22.0.1",
      list: [224, 225],
      maxMessageSize: 1500,
    }),
    asks("a limit by configuration alone", { giaddr: "10.22.0.1", list: [224, 225] }),
    asks("option 82 on top of a full reply", {
      list: [224, 225, 15],
      relayAgent: [1, 100, ...new Array<number>(100).fill(7)],
    }),
    asks("option 82 on top of a reply of 1500", {
      giaddr: "10.19.0.1",
      maxMessageSize: 1500,
      list: [224, 225, 226, 15],
      relayAgent: [1, 200, ...new Array<number>(200).fill(7)],
    }),
  ],
};
