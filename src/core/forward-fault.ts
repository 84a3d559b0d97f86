// Why forwarding to one destination failed, read from the platform's own words: its errors carry no code.
// No I/O, no clock.

/**
 * `delivered`: it was forwarded there already, which is success. `configuration`: the operator has to act.
 * `permanent`: the destination refused for good. `transient`: everything else; what we don't know may pass.
 */
export type ForwardFault = "delivered" | "configuration" | "permanent" | "transient";

/** Faults that last until the operator acts: the destination, or the route to it, has to be mended. */
export function isLasting(fault: ForwardFault): fault is "configuration" | "permanent" {
  return fault === "configuration" || fault === "permanent";
}

/** Reads the message of what `forward()` threw. */
export function readForwardFault(message: string): ForwardFault {
  // From its start: a destination's own words, which the platform hands on, may be anyone's.
  if (/^[\w ]*already forwarded/i.test(message)) return "delivered";
  if (/transient error/i.test(message)) return "transient";
  if (/not verified|is invalid|to same worker/i.test(message)) return "configuration";
  if (/permanent error/i.test(message)) return "permanent";
  return "transient";
}
