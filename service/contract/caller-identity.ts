// Who a caller is, as far as the operator's side vouches for it (S1-34, RT-13, T2).
// A caller key is the HMAC of a vouched id; the id itself is never stored and never leaves the
// module that checked it. What a client says of itself (metadata, a phone number in its start)
// names nobody.

/** What was found out about a caller. */
export type CallerVerdict =
  | { readonly kind: "known"; readonly callerKey: string }
  | { readonly kind: "anonymous" }
  /** There was a token and it is not good; `message` says why, in our words. */
  | { readonly kind: "refused"; readonly message: string };

export interface CallerIdentities {
  /** Never rejects; answers within its own deadline. undefined: no token came. */
  identify(callerToken: string | undefined): Promise<CallerVerdict>;
  /**
   * The key of a number that a signed webhook named, or "" when numbers name nobody here.
   * attestation: what the carriers say of it (Twilio's StirVerstat), "" for nothing.
   */
  phoneKey(number: string, attestation: string): string;
  /** The key of an id as the operator writes it, `sub:ALICE` or `tel:+15550100`; "" for another. */
  keyOf(vouchedId: string): string;
}

/** Nobody is known. */
export const NO_IDENTITIES: CallerIdentities = {
  identify: () => Promise.resolve({ kind: "anonymous" }),
  phoneKey: () => "",
  keyOf: () => "",
};
