import { FileText, Film, Image, MapPin, type LucideIcon } from "lucide-react";
import { useText } from "../../language/language.js";
import { toOwnOrigin } from "../../parts/media_urls.js";
import styles from "./content.module.css";
import mediaStyles from "./media_view.module.css";

interface Header {
  text: string | null;
  mediaKind: string | null;
  link: string | null;
  /** URL of the file on this server. */
  url?: string | null;
  filename?: string | null;
  place?: { name: string | null; address: string | null } | null;
}

const FilePlace = ({ icon: Icon }: { icon: LucideIcon }) => (
  <p className={mediaStyles.place}>
    <Icon size={28} strokeWidth={1.5} aria-hidden />
  </p>
);

const ICONS = { IMAGE: Image, VIDEO: Film, DOCUMENT: FileText } as const;

/** The header of a message: a text, a place or a file. */
export function HeaderMedia({ header }: { header: Header }) {
  const text = useText();
  if (header.text) {
    return (
      <p className={styles.title} dir="auto">
        {header.text}
      </p>
    );
  }
  if (header.place) {
    return (
      <p className={styles.hint}>
        <MapPin size={16} aria-hidden />
        <bdi>{header.place.name ?? header.place.address ?? text.message.location}</bdi>
      </p>
    );
  }
  if (header.url && header.mediaKind === "IMAGE") {
    return <img className={mediaStyles.photo} src={toOwnOrigin(header.url)} alt={text.message.image} loading="lazy" />;
  }
  const url = header.url ? toOwnOrigin(header.url) : header.link;
  const Icon = ICONS[header.mediaKind as keyof typeof ICONS] ?? FileText;
  // Previews have no file.
  if (!url) return header.mediaKind && <FilePlace icon={Icon} />;
  return (
    <a className={styles.link} href={url} target="_blank" rel="noopener noreferrer">
      <Icon size={18} aria-hidden />
      <bdi>{header.filename ?? text.message.byLink}</bdi>
    </a>
  );
}
