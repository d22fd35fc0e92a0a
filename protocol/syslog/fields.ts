import type { Priority } from "./priority.ts";
import type { StructuredElement } from "./structured-data.ts";

/** The fields of both formats. A field that a message omits, or writes as `-`, is absent. */
export interface SyslogFields extends Priority {
  /** 0 to 23, facilityNames. */
  readonly facility: number;
  /** 0 to 7, severityNames. */
  readonly severity: number;
  /** As written: `Oct 11 22:14:15` in local time, or RFC 3339 in RFC 5424. */
  readonly timestamp?: string;
  readonly host?: string;
  /** TAG of RFC 3164, APP-NAME of RFC 5424. */
  readonly tag?: string;
  readonly processId?: string;
  /** RFC 5424 only. */
  readonly messageId?: string;
  /** RFC 5424 only. */
  readonly structuredData?: readonly StructuredElement[];
  readonly text: string;
}
