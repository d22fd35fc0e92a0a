import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { LOOPBACK } from "../../protocol/ipv4.ts";
import { SYSLOG_BYTES_MAX } from "../../protocol/syslog/message.ts";
import { readYaml } from "../../scenarios/yaml/checked-yaml.ts";
import { pathsOf } from "../../server/lease/store/open-lease-files.ts";
import type { MirrorPlan } from "../../server/mirror/mirror-plan.ts";
import type { ProvPlan } from "../../server/service/prov.ts";
import type { ServicePlan } from "../../server/service/service-plan.ts";
import { dayBytesMaxMin, daysKeptDefault } from "../../server/syslog/rotation.ts";
import { given } from "../options/given.ts";
import { mistakesIn, UsageError } from "../options/usage-error.ts";
import { haSection } from "./ha-section.ts";
import { mirrorPlanOf } from "./mirror-section.ts";
import { ipv4, ipv4Network, shortName } from "./section-parts.ts";

export const PROV_SCHEMA = "provlab/prov@1";

const port = z.number().int().min(0).max(65_535).optional();
const path = z.string().min(1);
const address = ipv4(0, "127.0.0.1");
const nodeAddress = address.refine((value) => value !== 0, "write an address that devices reach");

function whole(least: number, most: number) {
  return z.number().int().min(least).max(most).optional();
}

/** TFTP-2: the servers of a pair of nodes that share their DHCP configuration. */
const tftpServers = z
  .strictObject({ own: nodeAddress, other: nodeAddress })
  .refine(({ own, other }) => own !== other, "own and other must be two addresses");

const deviceFiles = z
  .strictObject({
    pattern: z.string().default("cm-{mac}.cfg"),
    registrations: path,
    templates: path,
    sharedSecretFile: path.optional(),
    noSharedSecret: z.literal(true).optional(),
    boundToAddress: z.boolean().default(false),
  })
  .refine(
    (section) => (section.sharedSecretFile === undefined) === (section.noSharedSecret === true),
    "name the sharedSecretFile of the CMTS, or say noSharedSecret: true if it has none",
  );

/** See `AdmissionLimits`. */
const overload = z.strictObject({
  pressureMsMin: whole(10, 60_000),
  waitMsMax: whole(2, 10_000),
  staleMsMin: whole(500, 60_000),
});

/** Who is answered by TFTP. */
const networks = z
  .array(ipv4Network)
  .min(1, "an empty list answers nobody: name a network, or leave it out for all")
  .max(256);

/** See `SyslogRateLimits`. */
const syslogRates = z.strictObject({
  messagesPerSecond: whole(1, 1_000_000),
  messagesBurst: whole(1, 100_000_000),
  bytesPerSecond: whole(1, 1_000_000_000),
  bytesBurst: whole(SYSLOG_BYTES_MAX, 1_000_000_000),
});

/** One lease file, or two on two disks. */
const leases = z.union(
  [
    path,
    z
      .tuple([path, path])
      .refine(([first, second]) => resolve(first) !== resolve(second), "names one file twice"),
  ],
  "write a path, or a list of two paths on two disks",
);

const dhcp = z.strictObject({
  config: path,
  leases,
  createLeases: z.boolean().optional(),
  port,
  interfaces: z.array(z.string()).default([]),
  tftpServers: tftpServers.optional(),
  overload: overload.optional(),
});

const provSections = z.strictObject({
  schema: z.literal(PROV_SCHEMA),
  /** Where relative file names start, itself relative to this file; by default the working folder. */
  directory: path.optional(),
  /** Where all services but DHCP listen; DHCP has the `local-address` of its configuration. */
  address: address.default(0),
  dhcp: dhcp.optional(),
  /** Several DHCP servers on one node (DHCP-13), by name. */
  dhcpInstances: z.record(shortName, dhcp).default({}),
  /** Where Prometheus gets the metrics. */
  metrics: z
    .strictObject({
      address: address.default(LOOPBACK),
      port: z.number().int().min(0).max(65_535),
    })
    .optional(),
  tftp: z
    .strictObject({
      root: path,
      port,
      sessionsMax: whole(1, 1_000_000),
      queueMax: whole(0, 1_000_000),
      portsMax: whole(1, 64),
      blockBytesMax: whole(512, 65_464),
      windowBlocksMax: whole(1, 65_535),
      retrySeconds: whole(1, 255),
      sessionSeconds: whole(1, 86_400),
      logTransfers: z.boolean().optional(),
      allow: networks.optional(),
      sessionsPerAddressMax: whole(1, 1_000_000),
      unackedMax: whole(1, 1_000_000),
      unackedPerSecond: whole(1, 1_000_000),
      unackedRetriesMax: whole(0, 30),
      deviceFiles: deviceFiles.optional(),
    })
    .optional(),
  time: z.strictObject({ port }).optional(),
  ntp: z.strictObject({ port, rateLimits: z.boolean().default(true) }).optional(),
  syslog: z
    .strictObject({
      directory: path,
      port,
      daysKept: whole(1, 3650),
      totalBytesMax: whole(1, Number.MAX_SAFE_INTEGER),
      rateLimits: syslogRates.optional(),
      relays: z.array(nodeAddress).optional(),
    })
    .refine(
      ({ daysKept = daysKeptDefault, totalBytesMax }) =>
        totalBytesMax === undefined || totalBytesMax >= dayBytesMaxMin * (daysKept + 1),
      {
        path: ["totalBytesMax"],
        message: `must leave each day ${dayBytesMaxMin} bytes: today and the daysKept before it`,
      },
    )
    .optional(),
  /** One node of a warm-standby pair. */
  ha: haSection.optional(),
  /** The socket of `prov status` and `prov failback`. */
  control: z.strictObject({ socket: path }).optional(),
});

const provSchema = provSections.superRefine((sections, context) => {
  for (const { path, message } of mistakesOfPair(sections)) {
    context.addIssue({ code: "custom", path: [path], message });
  }
});

type Sections = z.output<typeof provSections>;

/** A pair needs one data plane, and both nodes' TFTP in its replies (TFTP-2). */
function mistakesOfPair({ ha, dhcp: single, dhcpInstances, tftp }: Sections) {
  const mistakes: { readonly path: keyof Sections; readonly message: string }[] = [];
  if (ha === undefined) return mistakes;
  if (Object.keys(dhcpInstances).length > 0) {
    const message = "cannot be a part of a pair: a node of a pair has the one section dhcp";
    mistakes.push({ path: "dhcpInstances", message });
  }
  if (single === undefined) {
    mistakes.push({ path: "ha", message: "needs the section dhcp: it is DHCP that moves" });
  } else if (typeof single.leases !== "string") {
    const message = "leases: a node of a pair has one lease file, because etcd has the leases, too";
    mistakes.push({ path: "dhcp", message });
  } else if (tftp !== undefined && single.tftpServers === undefined) {
    const message = "needs tftpServers, so that devices are told both nodes' TFTP (TFTP-2)";
    mistakes.push({ path: "dhcp", message });
  }
  const mirror = mirrorPlanOf(ha, tftp);
  if (typeof mirror === "string") mistakes.push({ path: "ha", message: `mirror: ${mirror}` });
  return mistakes;
}

/** The plan of a prov.yaml. Throws UsageError. */
export function provPlanOf(file: string, text: string): ProvPlan {
  const sections = sectionsOf(file, text);
  const { metrics, ha } = sections;
  const services = servicesOf(file, sections);
  const mirror = mirrorIn(sections);
  return { services, metrics, ha, mirror, controlSocket: controlSocketIn(sections) };
}

/** The folder in which relative file names of a prov.yaml start, as an absolute path. Throws UsageError. */
export function workingFolderOf(file: string, text: string): string {
  const { directory } = sectionsOf(file, text);
  return directory === undefined ? resolve() : resolve(dirname(file), directory);
}

/** The control socket of a prov.yaml; undefined when it has none. Throws UsageError. */
export function controlSocketOf(file: string, text: string): string | undefined {
  const sections = sectionsOf(file, text);
  const socket = controlSocketIn(sections);
  const { directory } = sections;
  return socket === undefined || directory === undefined
    ? socket
    : resolve(dirname(file), directory, socket);
}

/** A node of a pair always has a control socket: by default beside its lease file. */
function controlSocketIn({ control, ha, dhcp: single }: Sections): string | undefined {
  if (control !== undefined) return control.socket;
  return ha === undefined ? undefined : join(dirname(pathsOf(single!.leases)[0]), "prov.sock");
}

function mirrorIn({ ha, tftp }: Sections): MirrorPlan | undefined {
  const mirror = ha === undefined ? undefined : mirrorPlanOf(ha, tftp);
  // A string is a mistake that `mistakesOfPair` has told.
  return typeof mirror === "string" ? undefined : mirror;
}

/** One service for each section. */
function servicesOf(file: string, sections: Sections): ServicePlan[] {
  const { address: at, dhcp: single, dhcpInstances, tftp, time, ntp, syslog } = sections;
  const plans: ServicePlan[] = [];
  if (single !== undefined) plans.push(dhcpPlanOf(single));
  for (const [name, section] of Object.entries(dhcpInstances)) {
    plans.push({ ...dhcpPlanOf(section), name });
  }
  checkLeaseFiles(file, plans);
  if (tftp !== undefined) {
    const { root, deviceFiles: section, ...tuning } = tftp;
    const made = section && { ...section, sharedSecretFile: section.sharedSecretFile };
    plans.push({ service: "tftp", root, address: at, ...given({ ...tuning, deviceFiles: made }) });
  }
  if (time !== undefined) plans.push({ service: "time", address: at, ...given(time) });
  if (ntp !== undefined) {
    const { rateLimits, ...rest } = ntp;
    const limits = rateLimits ? {} : { rateLimits };
    plans.push({ service: "ntp", address: at, ...given(rest), ...limits });
  }
  if (syslog !== undefined) {
    const { directory, rateLimits, ...rest } = syslog;
    const limits = rateLimits && given(rateLimits);
    const tuning = given({ ...rest, rateLimits: limits });
    plans.push({ service: "syslog", directory, address: at, ...tuning });
  }
  if (plans.length > 0) return plans;
  throw new UsageError(`${file}: names no service: add dhcp, tftp, time, ntp or syslog`);
}

function sectionsOf(file: string, text: string): Sections {
  const reading = readYaml(file, text, provSchema);
  if (reading.kind !== "failed") return reading.data;
  throw mistakesIn(reading.problems);
}

type DhcpPlan = Extract<ServicePlan, { service: "dhcp" }>;

function dhcpPlanOf({ config, leases, interfaces, ...rest }: z.output<typeof dhcp>): DhcpPlan {
  const files = { configFile: config, leaseFile: leases, interfaceNames: interfaces };
  const { overload: limits, createLeases: createsLeaseFile, ...others } = rest;
  const overloaded = limits === undefined ? {} : { overload: given(limits) };
  return { service: "dhcp", ...files, ...given({ ...others, createsLeaseFile }), ...overloaded };
}

/** Two servers on one lease file would hand out each other's addresses. */
function checkLeaseFiles(file: string, plans: readonly ServicePlan[]): void {
  const taken = new Set<string>();
  for (const plan of plans) {
    if (plan.service !== "dhcp") continue;
    for (const leaseFile of pathsOf(plan.leaseFile)) {
      if (taken.has(resolve(leaseFile))) {
        throw new UsageError(`${file}: two DHCP servers have the lease file ${leaseFile}`);
      }
      taken.add(resolve(leaseFile));
    }
  }
}
