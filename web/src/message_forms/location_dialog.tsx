import { LocateFixed } from "lucide-react";
import { useState, type ClipboardEvent } from "react";
import { Button } from "../parts/button.js";
import styles from "./location_dialog.module.css";
import { MessageForm } from "./message_form.js";
import { isDegrees, readCoordinates, readNumber } from "./places.js";
import { TextField } from "./text_field.js";
import { useFormTexts } from "./texts.js";
import type { FormTarget } from "./use_send_form.js";

const PLACE = { latitude: "", longitude: "", name: "", address: "" };
const DEGREES = { latitude: 90, longitude: 180 };
const TEXT_LIMIT = 1000;
const NUMBER_LIMIT = 20;
/** About 10 cm. */
const DIGITS = 6;

/** Browsers tell the position to pages with TLS only. */
const CAN_LOCATE = isSecureContext && "geolocation" in navigator;

/** A place: the user's own, or one whose coordinates are typed or pasted. */
export function LocationDialog(target: FormTarget) {
  const text = useFormTexts();
  const [place, setPlace] = useState(PLACE);
  const [isLocating, setLocating] = useState(false);
  const [problem, setProblem] = useState("");
  const change = (part: Partial<typeof PLACE>) => setPlace((old) => ({ ...old, ...part }));
  const [name, address] = [place.name.trim(), place.address.trim()];
  const [latitude, longitude] = [readNumber(place.latitude), readNumber(place.longitude)];

  function locate() {
    setLocating(true);
    setProblem("");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        setLocating(false);
        change({ latitude: coords.latitude.toFixed(DIGITS), longitude: coords.longitude.toFixed(DIGITS) });
      },
      ({ code, PERMISSION_DENIED }) => {
        setLocating(false);
        setProblem(code === PERMISSION_DENIED ? text.positionDenied : text.positionUnknown);
      },
      { enableHighAccuracy: true, timeout: 20_000 },
    );
  }

  function onPaste(event: ClipboardEvent) {
    const coordinates = readCoordinates(event.clipboardData.getData("text"));
    if (!coordinates) return;
    event.preventDefault();
    change({ latitude: String(coordinates.latitude), longitude: String(coordinates.longitude) });
  }

  const drawDegrees = (axis: keyof typeof DEGREES) => (
    <TextField
      path={`location.${axis}`}
      label={text[axis]}
      value={place[axis]}
      limit={NUMBER_LIMIT}
      required
      inputMode="decimal"
      hasFirstFocus={axis === "latitude"}
      {...(axis === "latitude" && { hint: text.coordinatesHint })}
      check={(value) => (isDegrees(readNumber(value), DEGREES[axis]) ? undefined : text.badDegrees(DEGREES[axis]))}
      onPaste={onPaste}
      onChange={(value) => change({ [axis]: value })}
    />
  );
  const drawText = (key: "name" | "address", label: string) => (
    <TextField
      path={`location.${key}`}
      label={label}
      value={place[key]}
      limit={TEXT_LIMIT}
      onChange={(value) => change({ [key]: value })}
    />
  );
  return (
    <MessageForm
      title={text.kinds.location}
      target={target}
      content={{ location: { latitude, longitude, ...(name && { name }), ...(address && { address }) } }}
      preview={{
        __typename: "LocationContent",
        latitude: latitude || 0,
        longitude: longitude || 0,
        name: name || null,
        address: address || null,
      }}
    >
      {CAN_LOCATE && (
        <div className={styles.position}>
          <Button disabled={isLocating} onClick={locate}>
            <LocateFixed size={16} aria-hidden />
            {isLocating ? text.locating : text.ownPosition}
          </Button>
          <p role="alert">{problem}</p>
        </div>
      )}
      {drawDegrees("latitude")}
      {drawDegrees("longitude")}
      {drawText("name", text.placeName)}
      {drawText("address", text.address)}
    </MessageForm>
  );
}
