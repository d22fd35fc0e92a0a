/** One service of a PROV, as plain data: it crosses to the thread that runs it. Port 0: any. */
export type ServicePlan =
  | {
      readonly service: "dhcp";
      readonly configFile: string;
      readonly leaseFile: string;
      readonly port?: number;
      readonly interfaceNames: readonly string[];
    }
  | {
      readonly service: "tftp";
      readonly root: string;
      readonly address: number;
      readonly port?: number;
    }
  | { readonly service: "time"; readonly address: number; readonly port?: number }
  | { readonly service: "ntp"; readonly address: number; readonly port?: number }
  | {
      readonly service: "syslog";
      readonly directory: string;
      readonly address: number;
      readonly port?: number;
      readonly daysKept?: number;
    };

export type ServiceName = ServicePlan["service"];

export type ToService = { readonly kind: "stop" };

export type FromService =
  | { readonly kind: "serving"; readonly port: number }
  /** It could not start, for a reason that the operator mends. */
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "log";
      readonly level: "error" | "warn" | "info" | "debug";
      readonly message: string;
    };
