/** Part of the page's style, with the page's variables for light and dark. */
export const timelineStyle = `
.timeline { padding: 12px 14px 10px; break-inside: avoid; }
.tl-body { position: relative; margin: 0 8px 0 50px; padding-top: calc(var(--levels) * 20px + 2px); }
.tl-mark { position: absolute; top: 0; bottom: 22px; border-left: 1px dashed var(--ink); z-index: 2; }
.tl-mark i { position: absolute; top: calc(var(--level) * 20px); left: 0; transform: translateX(-50%);
  min-width: 18px; height: 18px; padding: 0 3px; border-radius: 9px; background: var(--ink);
  color: var(--paper); font: 600 11px/18px system-ui, sans-serif; text-align: center; }
.tl-gap, .tl-lasting { position: absolute; top: calc(var(--levels) * 20px); bottom: 22px; min-width: 2px; z-index: 1; }
.tl-gap, .tl-gap-key { background: color-mix(in srgb, var(--fail) 38%, transparent); }
.tl-lasting { background: color-mix(in srgb, var(--soft) 18%, transparent); }
.tl-roles { position: relative; height: 22px; margin-bottom: 3px; }
.tl-roles span, .tl-area span { position: absolute; right: 100%; margin-right: 6px; top: 3px; font-size: 11px;
  color: var(--soft); white-space: nowrap; }
.tl-roles i { position: absolute; top: 2px; height: 18px; min-width: 2px; overflow: hidden; border-radius: 3px;
  font: 11px/18px system-ui, sans-serif; text-indent: 5px; white-space: nowrap; }
.tl-area { position: relative; height: 130px; border-bottom: 1px solid var(--line); margin-top: 6px; }
.tl-area svg { display: block; width: 100%; height: 100%; }
.tl-area span { top: -2px; }
.tl-axis { position: relative; height: 22px; font-size: 11px; color: var(--soft); }
.tl-axis i { position: absolute; top: 3px; font-style: normal; transform: translateX(-50%); white-space: nowrap; }
.tl-axis i:first-child { transform: none; }
.tl-legend { margin: 4px 0 0; font-size: 12px; color: var(--soft); }
.tl-legend span { margin-right: 14px; white-space: nowrap; }
.tl-legend i { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px; }
.timeline b, .timeline i, .timeline path { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.timeline b { font-weight: 400; }
.failover td:nth-child(2), .failover th:nth-child(2) { text-align: left; }
.failover ol { margin: 12px 0 0; padding-left: 22px; font-size: 14px; overflow-wrap: anywhere; }
.failover li span { color: var(--soft); }
@media print { .failover ol { font-size: 11px; } }
`;
