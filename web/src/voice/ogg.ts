import type { OpusStream } from "./webm.js";

/** Opus counts time in samples of 48 kHz. */
const SAMPLES_PER_MILLISECOND = 48;
const MAX_PAGE_SAMPLES = 1_000 * SAMPLES_PER_MILLISECOND;
const MAX_SEGMENTS = 255;
const [CONTINUES_NOTHING, FIRST, LAST] = [0, 2, 4];
const VENDOR = "wagraph";

/** Writes an Ogg file with Opus, as RFC 7845 describes it. */
export function makeOgg({ head, packets }: OpusStream): Blob {
  const serial = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const pages: Uint8Array<ArrayBuffer>[] = [];
  const add = (content: Uint8Array[], samples: number, flags: number) =>
    pages.push(makePage(content, { serial, number: pages.length, samples, flags }));
  add([head], 0, FIRST);
  add([makeTags()], 0, CONTINUES_NOTHING);
  let [samples, pageStart, segments] = [0, 0, 0];
  let content: Uint8Array[] = [];
  packets.forEach((packet, index) => {
    const needed = countSegments(packet);
    if (segments + needed > MAX_SEGMENTS || samples - pageStart >= MAX_PAGE_SAMPLES) {
      add(content, samples, CONTINUES_NOTHING);
      [content, segments, pageStart] = [[], 0, samples];
    }
    content.push(packet);
    segments += needed;
    samples += countSamples(packet);
    if (index === packets.length - 1) add(content, samples, LAST);
  });
  return new Blob(pages, { type: "audio/ogg" });
}

function makeTags(): Uint8Array {
  const text = new TextEncoder();
  const tags = new Uint8Array(8 + 4 + VENDOR.length + 4);
  tags.set(text.encode("OpusTags"));
  tags[8] = VENDOR.length;
  tags.set(text.encode(VENDOR), 12);
  return tags;
}

/** A packet ends with a segment of less than 255 bytes. */
const countSegments = (packet: Uint8Array): number => Math.floor(packet.length / 255) + 1;

interface PageFacts {
  serial: number;
  number: number;
  /** Samples up to the end of the page. */
  samples: number;
  flags: number;
}

const HEADER = 27;
const CHECKSUM = 22;

function makePage(packets: Uint8Array[], { serial, number, samples, flags }: PageFacts): Uint8Array<ArrayBuffer> {
  const lacing = packets.flatMap((packet) => [...Array<number>(countSegments(packet) - 1).fill(255), packet.length % 255]);
  const size = packets.reduce((sum, { length }) => sum + length, 0);
  const page = new Uint8Array(HEADER + lacing.length + size);
  const view = new DataView(page.buffer);
  page.set(new TextEncoder().encode("OggS"));
  page[5] = flags;
  view.setBigUint64(6, BigInt(samples), true);
  view.setUint32(14, serial, true);
  view.setUint32(18, number, true);
  page[26] = lacing.length;
  page.set(lacing, HEADER);
  let offset = HEADER + lacing.length;
  for (const packet of packets) {
    page.set(packet, offset);
    offset += packet.length;
  }
  view.setUint32(CHECKSUM, findChecksum(page), true);
  return page;
}

/** CRC-32 with the polynomial of Ethernet, but with the highest bit first. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte << 24;
  for (let bit = 0; bit < 8; bit++) rest = rest & 0x80000000 ? (rest << 1) ^ 0x04c11db7 : rest << 1;
  return rest >>> 0;
});

const findChecksum = (page: Uint8Array): number =>
  page.reduce((rest, byte) => ((rest << 8) ^ TABLE[(rest >>> 24) ^ byte]!) >>> 0, 0);

/** Frame lengths in milliseconds by the configuration in the first byte of a packet. */
const FRAMES = [
  ...Array(3).fill([10, 20, 40, 60]).flat(),
  ...Array(2).fill([10, 20]).flat(),
  ...Array(4).fill([2.5, 5, 10, 20]).flat(),
] as number[];

function countSamples(packet: Uint8Array): number {
  const first = packet[0] ?? 0;
  const frames = [1, 2, 2, (packet[1] ?? 0) & 0x3f][first & 3]!;
  return frames * FRAMES[first >> 3]! * SAMPLES_PER_MILLISECOND;
}
