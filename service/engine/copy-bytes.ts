// Copying part of a Uint8Array without making a view of it: Buffer's copy works on any of them.
import { Buffer } from "node:buffer";

/**
 * copyBytes.call(source, target, targetStart, sourceStart, sourceEnd). Cost: no allocation, where
 * target.set(source.subarray(a, b)) makes one object per frame.
 */
export const copyBytes = Buffer.prototype.copy;
