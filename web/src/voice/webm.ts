export interface OpusStream {
  /** The header `OpusHead`. */
  head: Uint8Array;
  packets: Uint8Array[];
}

/** Elements whose content is read: their sizes may be unknown, so they are entered and never skipped. */
const CONTAINERS = [0x18538067, 0x1654ae6b, 0xae, 0x1f43b675, 0xa0];
const CODEC_PRIVATE = 0x63a2;
const BLOCKS = [0xa3, 0xa1];
/** Time and flags of a block, after the number of its track. */
const BLOCK_HEAD = 3;

/** Reads the packets of a WebM file with one Opus track, as browsers record it. Raises Error for others. */
export function readWebm(file: Uint8Array): OpusStream {
  let head: Uint8Array | undefined;
  const packets: Uint8Array[] = [];
  for (let index = 0; index < file.length; ) {
    const id = readNumber(file, index, true);
    const size = readNumber(file, index + id.length, false);
    index += id.length + size.length;
    if (CONTAINERS.includes(id.value)) continue;
    const content = file.subarray(index, index + size.value);
    index += size.value;
    if (id.value === CODEC_PRIVATE) head = content;
    if (BLOCKS.includes(id.value)) packets.push(content.subarray(readNumber(content, 0, false).length + BLOCK_HEAD));
  }
  if (!head || packets.length === 0) throw new Error("The recording has no Opus track.");
  return { head, packets };
}

/** Reads a number of variable length; the leading zeros of its first byte are the length. */
function readNumber(bytes: Uint8Array, start: number, keepsMarker: boolean): { value: number; length: number } {
  const first = bytes[start] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 8) throw new Error("The recording is damaged.");
  let value = keepsMarker ? first : first & (0xff >> length);
  for (let offset = 1; offset < length; offset++) value = value * 256 + (bytes[start + offset] ?? 0);
  return { value, length };
}
