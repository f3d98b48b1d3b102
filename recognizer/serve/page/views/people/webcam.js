// Takes photos with this computer's camera, and says how to make them better while it looks.
import {html, useEffect, useRef, useState} from "../../lib/ui.js";
import {t} from "../../lib/texts.js";
import {checkPicture} from "../../lib/api.js";
import {Note} from "../../parts/basics.js";
import {Icon} from "../../parts/icon.js";

const CHECK_MS = 1000;
const TURNED_DEG = 25; // a photo for enrolment wants the face from the front
const BLURRED = 20; // as in models/faces.py: below it a face is too blurred to tell whose it is

export function Webcam({onPicture}) {
  const video = useRef(null);
  const [problem, setProblem] = useState(null);
  const [hint, setHint] = useState(null);
  useEffect(() => {
    let stream = null;
    let gone = false;
    if (!navigator.mediaDevices) {
      setProblem(t("webcam.insecure"));
      return undefined;
    }
    navigator.mediaDevices.getUserMedia({video: {width: {ideal: 1280}, facingMode: "user"}}).then((got) => {
      stream = got;
      if (gone) stop(stream);
      else video.current.srcObject = got;
    }, (error) => !gone && setProblem(t(error.name === "NotAllowedError" ? "webcam.refused" : "webcam.none")));
    return () => {
      gone = true;
      if (stream) stop(stream);
    };
  }, []);
  useEffect(() => {
    let busy = false;
    const control = new AbortController();
    const timer = setInterval(async () => {
      if (busy || !video.current?.videoWidth) return;
      busy = true;
      try {
        const checked = await checkPicture(await still(video.current, 640), control.signal);
        setHint(hintOf(checked));
      } catch (error) {
        if (!control.signal.aborted) setHint({text: error.message, good: false});
      }
      busy = false;
    }, CHECK_MS);
    return () => {
      clearInterval(timer);
      control.abort();
    };
  }, []);
  if (problem) return html`<${Note} kind="warn">${problem}<//>`;
  return html`<div class="webcam">
    <video ref=${video} autoplay muted playsinline aria-label=${t("webcam.picture")}></video>
    <p class="webcam-hint ${hint?.good ? "good" : ""}" role="status">${hint?.text ?? t("webcam.starting")}</p>
    <button class="button primary" onClick=${async () => onPicture(await still(video.current))}><${Icon} name="camera" />${t("webcam.take")}</button>
  </div>`;
}

/** What would make the picture better, in words; the worst thing first. `checked`: see `checkPicture`. */
export function hintOf(checked) {
  const bad = (name) => ({text: t(`webcam.${name}`), good: false});
  if (checked.faces.length === 0) return bad("no_face");
  if (checked.faces.length > 1) return bad("several");
  const [face] = checked.faces;
  const [left, top, right, bottom] = face.box;
  const width = right - left;
  if (width < checked.width * 0.18) return bad("closer");
  if (left < 0 || top < 0 || right > checked.width || bottom > checked.height) return bad("inside");
  if (checked.light < 60) return bad("more_light");
  if (checked.light > 215) return bad("less_light");
  if (Math.abs(face.quality.yaw_deg) > TURNED_DEG) return bad(face.quality.yaw_deg > 0 ? "turn_left" : "turn_right");
  if (face.quality.sharpness < BLURRED) return bad("blurred");
  if (face.notes.length > 0) return {text: face.notes[0], good: false};
  return {text: t("webcam.good"), good: true};
}

async function still(video, width = video.videoWidth) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.min(width, video.videoWidth);
  canvas.height = Math.round(canvas.width * video.videoHeight / video.videoWidth);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((made) => canvas.toBlob(made, "image/jpeg", 0.92));
  return new File([blob], `webcam-${Date.now()}.jpg`, {type: "image/jpeg"});
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
