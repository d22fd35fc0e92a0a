import { z } from "zod";
import { HEARTBEAT_PORT, NODE_NAME_BYTES_MAX } from "../../protocol/heartbeat/packet.ts";
import { duration } from "../../scenarios/yaml/schema-parts.ts";
import type { HaPlan } from "../../server/ha/edge/ha-plan.ts";
import {
  type HeartbeatTimes,
  haProfiles,
  mistakesOfTimes,
} from "../../server/ha/heartbeat-times.ts";
import { mirrorSection } from "./mirror-section.ts";
import { fixedPort, ipv4 } from "./section-parts.ts";

const nodeName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]*$/, "use a host name in lower case, such as prov01.example")
  .max(NODE_NAME_BYTES_MAX);

const address = ipv4(1, "192.168.0.1");

const device = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,15}$/, "write the name of a network interface, such as eth1");

const link = z
  .strictObject({
    address: address.describe("This node's address on the interconnect."),
    peerAddress: address.describe("The other node's address on it."),
    port: fixedPort.default(HEARTBEAT_PORT).describe("The UDP port of both ends."),
    device: device.optional().describe("Use this interface only."),
  })
  .refine((ends) => ends.address !== ends.peerAddress, "the two ends must be two addresses");

const times = z
  .strictObject({
    keepalive: duration.optional().describe("From one heartbeat to the next (keepalive)."),
    warn: duration.optional().describe("Silence of a link that is warned of (warntime)."),
    dead: duration.optional().describe("Silence after which the peer is dead (deadtime)."),
    initialDead: duration.optional().describe("The same at the start (initdead)."),
    gatewayDead: duration.optional().describe("Silence of the gateway (deadping)."),
  })
  .default({});

type TimeField = keyof z.output<typeof times>;

const fieldOfTime: Readonly<Record<keyof HeartbeatTimes, TimeField>> = {
  keepaliveMs: "keepalive",
  warnMs: "warn",
  deadMs: "dead",
  initialDeadMs: "initialDead",
  gatewayDeadMs: "gatewayDead",
};

const written = z.strictObject({
  nodes: z
    .tuple([nodeName, nodeName])
    .refine(([first, second]) => first !== second, "name two nodes")
    .describe("Both nodes, the same in both files; the first one serves when both start."),
  node: nodeName.describe("Which of them this one is."),
  links: z
    .array(link)
    .min(1)
    .max(2)
    .refine(
      ([first, second]) => first?.address !== second?.address || first?.port !== second?.port,
      "two links must differ in address or port",
    )
    .describe("One or two interconnects."),
  profile: z.enum(["guide", "fast"]).default("guide").describe("The times to begin with."),
  times: times.describe("Times that differ from those of the profile."),
  keyFile: z.string().min(1).describe("The key of the heartbeats, the same on both nodes."),
  gateway: address.optional().describe("What the DHCP port pings (HA-12)."),
  commitMax: duration
    .optional()
    .describe("How long commits may fail (HA-11); `dead` unless told, and no less."),
  etcd: z
    .strictObject({
      endpoints: z
        .array(z.url({ protocol: /^https?$/, error: "write a URL, such as http://10.0.0.1:2379" }))
        .min(1)
        .max(9)
        .describe("The members of etcd."),
      prefix: z
        .string()
        .regex(/^\/[A-Za-z0-9_./-]*\/$/, "write a path between slashes, such as /provlab/pair1/")
        .describe("Of the pair's keys: another one for each pair."),
      tls: z
        .strictObject({
          ca: z.string().min(1).describe("Of whoever signed the members' certificates; PEM."),
          certificate: z.string().min(1).describe("This node's; PEM."),
          key: z.string().min(1).describe("Of that certificate; only its owner may read it."),
        })
        .optional()
        .describe("Certificates by which this node and etcd know each other."),
    })
    .superRefine(({ endpoints, tls }, context) => {
      const scheme = tls === undefined ? "http" : "https";
      const other = endpoints.findIndex((endpoint) => !endpoint.startsWith(`${scheme}:`));
      if (other < 0) return;
      const message =
        tls === undefined
          ? "needs certificates, because it is https: give ha.etcd.tls"
          : "must be https, because ha.etcd.tls is given";
      context.addIssue({ code: "custom", path: ["endpoints", other], message });
    })
    .describe("Where leases and leadership are kept."),
  floatingAddress: z
    .strictObject({
      address: address.describe("The address that the active node has."),
      prefixLength: z.number().int().min(1).max(32).describe("Of its network."),
      device: device.describe("The interface that it is put on."),
    })
    .optional()
    .describe("An address that moves with the service."),
  diskWatch: z
    .strictObject({
      folder: z.string().min(1).describe("On the disk that is watched."),
      failedAfter: duration
        .prefault("10 s")
        .refine((ms) => ms >= 1000, "must be at least 1 s")
        .describe("Nothing could be written for so long: the disk has failed."),
    })
    .optional()
    .describe(
      "A disk whose failure moves the service (HA-34); none is watched unless told (HA-33).",
    ),
  mirror: mirrorSection.optional(),
});

function timesOf({ profile, times: own }: z.output<typeof written>): HeartbeatTimes {
  const base: HeartbeatTimes = haProfiles[profile];
  return {
    keepaliveMs: own.keepalive ?? base.keepaliveMs,
    warnMs: own.warn ?? base.warnMs,
    deadMs: own.dead ?? base.deadMs,
    initialDeadMs: own.initialDead ?? base.initialDeadMs,
    gatewayDeadMs: own.gatewayDead ?? base.gatewayDeadMs,
  };
}

/** The `ha` section of a prov.yaml: the settings of one node of a pair (HA-27, HA-28). */
export const haSection = written
  .superRefine((section, context) => {
    if (!section.nodes.includes(section.node)) {
      const message = `is none of nodes, ${section.nodes.join(" and ")}`;
      context.addIssue({ code: "custom", path: ["node"], message });
    }
    const times = timesOf(section);
    for (const { field, message } of mistakesOfTimes(times)) {
      context.addIssue({ code: "custom", path: ["times", fieldOfTime[field]], message });
    }
    const { keepaliveMs, deadMs } = times;
    if (keepaliveMs < 20) {
      const message = "must be at least 20 ms";
      context.addIssue({ code: "custom", path: ["times", "keepalive"], message });
    }
    // The other node checks the store every half of `dead`. If an active node gave up sooner, it would still think
    // that the other one can commit, and hand over although neither can.
    if ((section.commitMax ?? deadMs) < deadMs) {
      const message = `must be at least dead, which is ${deadMs} ms`;
      context.addIssue({ code: "custom", path: ["commitMax"], message });
    }
  })
  .transform((section): HaPlan => {
    const { nodes, node, links, keyFile, gateway, commitMax, etcd } = section;
    const { floatingAddress, diskWatch, mirror } = section;
    const isFirst = node === nodes[0];
    const chosen = timesOf(section);
    return {
      node,
      peerName: isFirst ? nodes[1] : nodes[0],
      isFirst,
      times: chosen,
      links,
      keyFile,
      gatewayAddress: gateway,
      commitMsMax: commitMax ?? chosen.deadMs,
      etcd,
      floatingAddress,
      ...(diskWatch === undefined
        ? {}
        : { diskWatch: { folder: diskWatch.folder, failedMs: diskWatch.failedAfter } }),
      ...(mirror === undefined ? {} : { mirror }),
    };
  });
