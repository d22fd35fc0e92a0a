import { z } from "zod";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import { formatFileProblem, readYaml } from "../../scenarios/checked-yaml.ts";
import type { ServicePlan } from "../../server/service/service-plan.ts";
import { UsageError } from "../usage-error.ts";

export const PROV_SCHEMA = "provlab/prov@1";

const port = z.number().int().min(0).max(65_535).optional();
const path = z.string().min(1);
const address = z.string().transform((text, context) => {
  const parsed = parseIpv4(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: "write an IPv4 address, such as 127.0.0.1" });
  return z.NEVER;
});

const provSchema = z.strictObject({
  schema: z.literal(PROV_SCHEMA),
  /** Where every service but DHCP listens; DHCP has its configuration's `local-address`. */
  address: address.default(0),
  dhcp: z
    .strictObject({ config: path, leases: path, port, interfaces: z.array(z.string()).default([]) })
    .optional(),
  tftp: z.strictObject({ root: path, port }).optional(),
  time: z.strictObject({ port }).optional(),
  ntp: z.strictObject({ port }).optional(),
  syslog: z
    .strictObject({ directory: path, port, daysKept: z.number().int().min(1).max(3650).optional() })
    .optional(),
});

/** The services that a prov.yaml asks for: one for each section that it has. Throws UsageError. */
export function servicePlansOf(file: string, text: string): ServicePlan[] {
  const reading = readYaml(file, text, provSchema);
  if (reading.kind === "failed") {
    throw new UsageError(reading.problems.map(formatFileProblem).join("\n"));
  }
  const { address: at, dhcp, tftp, time, ntp, syslog } = reading.data;
  const plans: ServicePlan[] = [];
  if (dhcp !== undefined) {
    const { config, leases, interfaces } = dhcp;
    const files = { configFile: config, leaseFile: leases, interfaceNames: interfaces };
    plans.push({ service: "dhcp", ...files, ...portOf(dhcp) });
  }
  if (tftp !== undefined)
    plans.push({ service: "tftp", root: tftp.root, address: at, ...portOf(tftp) });
  if (time !== undefined) plans.push({ service: "time", address: at, ...portOf(time) });
  if (ntp !== undefined) plans.push({ service: "ntp", address: at, ...portOf(ntp) });
  if (syslog !== undefined) {
    const { directory, daysKept } = syslog;
    const kept = daysKept === undefined ? {} : { daysKept };
    plans.push({ service: "syslog", directory, address: at, ...portOf(syslog), ...kept });
  }
  if (plans.length > 0) return plans;
  throw new UsageError(`${file}: names no service: add dhcp, tftp, time, ntp or syslog`);
}

function portOf(section: { readonly port?: number | undefined }): { port?: number } {
  return section.port === undefined ? {} : { port: section.port };
}
