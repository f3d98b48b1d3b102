// The service's routes, in the shapes that the views use; the only module that knows their addresses and fields.
import {get, patch, post, remove, request, ServiceError, withQuery} from "./client.js";
import {t} from "./texts.js";

const part = encodeURIComponent;

/** Wait for a job; `onProgress(job)` is called with each state. Returns its result. */
export async function waitForJob(job, onProgress = () => {}) {
  let now = job;
  while (["queued", "running"].includes(now.state)) {
    onProgress(now);
    await new Promise((later) => setTimeout(later, 300));
    now = await get(`/v1/jobs/${part(now.id)}`);
  }
  if (now.state === "done") return now.result;
  if (now.state === "cancelled") throw new ServiceError("cancelled", t("job.cancelled"));
  throw new ServiceError(now.error.code, now.error.message, {details: now.error.details});
}

export const cancelJob = (id) => remove(`/v1/jobs/${part(id)}`);

// Session and tokens
export const logIn = (secret) => post("/v1/session", {secret});
export const logOut = () => remove("/v1/session");
export const getSession = (signal) => get("/v1/session", {signal});
export const listTokens = async (signal) => (await get("/v1/tokens", {signal})).tokens;
export const makeToken = (options) => post("/v1/tokens", options);
export const revokeToken = (name) => remove(`/v1/tokens/${part(name)}`);
export const listSessions = async (signal) => (await get("/v1/sessions", {signal})).sessions;
export const endSession = (id) => remove(`/v1/sessions/${part(id)}`);
export const endOtherSessions = () => remove("/v1/sessions");

// Boxes of a fleet
export const listBoxes = async (signal) => (await get("/v1/fleet/boxes", {signal})).boxes;
export const inviteBox = (name) => post("/v1/fleet/boxes", {name});
export const revokeBox = (name) => remove(`/v1/fleet/boxes/${part(name)}`);

// Live
export const snapshot = async (id, signal) => createImageBitmap(await get(`/v1/sources/${part(id)}/snapshot.jpg`, {signal, timeout: 5000}));
export const liveUrl = (id) => `/v1/sources/${part(id)}/live.mjpeg`;

/** Whether the service lets one more browser watch a camera. */
export async function hasRoom(id, signal) {
  const answer = await fetch(liveUrl(id), {signal}).catch(() => null);
  answer?.body?.cancel().catch(() => {});
  return answer?.ok ?? false;
}

export async function listSources(signal) {
  const {sources} = await get("/v1/sources", {signal});
  return sources.map((source) => ({
    id: source.id, name: source.id, state: source.paused ? "paused" : source.state,
    hasPicture: !source.paused && ["live", "reading", "stalled"].includes(source.state), since: source.since, reason: source.why,
    age_s: source.frame_age_s, latency_s: source.latency_s, rate: source.rate, losses: source.losses, width: source.width, height: source.height,
    people: source.people_now.map((person) => ({
      track_id: person.track_id, name: person.name, status: person.status, similarity: person.similarity,
      box: shares(person.box, source.width, source.height),
    })),
  }));
}

function shares(box, width, height) {
  return width && height ? [box[0] / width, box[1] / height, box[2] / width, box[3] / height] : null;
}

export const listEvents = async (options, signal) => (await get(withQuery("/v1/events", options), {signal})).events;

/** The history's id of a track that is followed now, or null where it is not saved yet. */
export async function savedTrack(source, trackId, signal) {
  const events = await listEvents({source, limit: 100}, signal);
  return events.find((event) => event.track_id === trackId)?.id ?? null;
}

// Unknown people
export async function listUnknowns({state = "open"}, signal) {
  const page = await get(withQuery("/v1/unknowns", {state, limit: 100}), {signal});
  return {updating: page.updating, items: page.unknowns.map((item) => ({...item, crops: item.best_crops.map(({url}) => url)}))};
}

export const nameUnknown = (id, name) => post(`/v1/unknowns/${id}/name`, {name});

/** Enrol the best pictures of a card that was named: `{action_id, accepted: [...], rejected: {...}}`. */
export const enrolUnknown = async (id, onProgress) => waitForJob(await post(`/v1/unknowns/${id}/enrol`, {preview: false}), onProgress);
export const decideUnknown = (id, action) => post(`/v1/unknowns/${id}/${action}`);
export const splitUnknown = (id, tracks) => post(`/v1/unknowns/${id}/split`, {track_ids: tracks});
export const mergeUnknowns = ([into, ...others]) => post("/v1/unknowns/merge", {into, others});
export const clusterTracks = (item, signal) => Promise.all(item.track_ids.slice(0, 100).map((id) => getTrack(id, signal)));
export const undoAction = (id) => post(`/v1/actions/${id}/undo`);

// History
export async function getTrack(id, signal) {
  const track = await get(`/v1/tracks/${part(id)}`, {signal});
  const crops = track.samples.map((sample) => sample.crop_url).filter(Boolean);
  return {...track, began_at: track.time, crops};
}

export const rejectTrack = (id) => post(`/v1/tracks/${id}/reject`);

/** Name the unknown person whom a track shows: the name goes to all sightings of its card. */
export async function nameTrack(track, name) {
  const {items} = await listUnknowns({});
  const card = items.find((item) => item.track_ids.includes(track.id));
  if (!card) throw new ServiceError("no_card", t("face.no_card"));
  return nameUnknown(card.id, name);
}

export async function listSightings({since, until, person, source}, signal) {
  const page = await get(withQuery("/v1/sightings", {since, until, name: person, source, limit: 500}), {signal});
  return page.sightings.map((sighting) => ({
    person: sighting.name, sources: sighting.sources, began_at: sighting.first_at, ended_at: sighting.last_at,
    duration_s: sighting.duration_s, track_id: sighting.track_ids[0] ?? null,
  }));
}

/** Who was present, a row for each day and person, summed up from the sightings. */
export async function loadReport({since, until}, signal) {
  const rows = new Map();
  for (const sighting of await listSightings({since, until}, signal)) {
    const key = `${new Date(sighting.began_at).toDateString()} ${sighting.person}`;
    const row = rows.get(key) ?? {person: sighting.person, sources: [], first: sighting.began_at, last: sighting.ended_at, duration_s: 0, sightings: 0};
    rows.set(key, {
      ...row, sources: [...new Set([...row.sources, ...sighting.sources])], duration_s: row.duration_s + sighting.duration_s, sightings: row.sightings + 1,
      first: sighting.began_at < row.first ? sighting.began_at : row.first, last: sighting.ended_at > row.last ? sighting.ended_at : row.last,
    });
  }
  return [...rows.values()].sort((one, other) => one.first.localeCompare(other.first));
}

export const reportUrl = ({since, until}, format) => withQuery(`/v1/sightings/report.${format}`, {
  since, until, by: "day", timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
});

export async function searchByPicture(file) {
  const form = new FormData();
  form.append("image", file);
  const answer = await request("POST", "/v1/search", {body: form, timeout: 60000});
  return {from: answer.from_similarity, hits: answer.hits.map(({similarity, event}) => ({...event, similarity}))};
}

export const cropUrl = (track) => `/v1/tracks/${track}/crops/0.jpg`;
export const getTrust = (signal) => get("/v1/trust", {signal});

/** Start a job and wait for it: its result and `job_id`, under which it can be applied. */
async function tried(path, options, onProgress) {
  const job = await post(path, options);
  return {...(await waitForJob(job, onProgress)), job_id: job.id};
}

export const replay = (options, onProgress) => tried("/v1/replay", options, onProgress);
export const applyReplay = (job) => post(`/v1/replay/${part(job)}/apply`);
export const getCalibration = (signal) => get("/v1/calibration", {signal});
export const tryCalibration = (options, onProgress) => tried("/v1/calibration/trial", options, onProgress);
export const useCalibration = (job) => post("/v1/calibration", {job_id: job});
export const resetCalibration = () => remove("/v1/calibration");

// People
/** Everybody, also those who are hidden from the list of people. */
export async function listPeople(signal) {
  const {people} = await get("/v1/people?hidden=true", {signal});
  return people.map(asPerson).sort((a, b) => a.name.localeCompare(b.name));
}

export async function getPerson(id, signal) {
  const [person, {photos}] = await Promise.all([get(`/v1/people/${part(id)}`, {signal}), get(`/v1/people/${part(id)}/photos`, {signal})]);
  return {
    ...asPerson(person),
    photos: photos.map((photo) => ({
      id: photo.file, name: photo.file, url: photoUrl(id, photo.file, 480), counts: photo.accepted, warnings: photo.notes.map(({text}) => text), quality: photo.quality,
    })),
  };
}

function asPerson(person) {
  return {
    id: person.id, name: person.name, photos: person.accepted, warnings: person.refused + person.weak, hidden: person.hidden,
    consent: person.consent ?? null, withheld: person.withheld ?? null,
  };
}

export const photoUrl = (id, file, width) => `/v1/people/${part(id)}/photos/${part(file)}?width=${width}`;

/** Address of a small picture of a person, or null. */
export async function thumbOf(id, signal) {
  const {photos} = await get(`/v1/people/${part(id)}/photos`, {signal});
  const best = photos.find(({accepted}) => accepted) ?? photos[0];
  return best ? photoUrl(id, best.file, 128) : null;
}

export const patchPerson = (id, change) => patch(`/v1/people/${part(id)}`, change);
/** Delete a person; `forget`: also what the history holds. Then it returns `{tracks_deleted, backups}`, else null. */
export async function deletePerson(id, {forget, onProgress}) {
  const job = await remove(withQuery(`/v1/people/${part(id)}`, {forget_history: forget || undefined}));
  return job && waitForJob(job, onProgress);
}

export const mergePeople = (from, into) => post("/v1/people/merge", {from, into});
export const giveConsent = (id, {until = null, by = null} = {}) => request("PUT", `/v1/people/${part(id)}/consent`, {body: {until, by}});
export const endConsent = (id) => remove(`/v1/people/${part(id)}/consent`);
export const removePhoto = (id, photo) => remove(`/v1/people/${part(id)}/photos/${part(photo)}`);

export async function auditPeople(signal) {
  const audit = await get("/v1/audit", {signal, timeout: 60000});
  return {
    pairs: audit.confusable.map((pair) => ({
      a: {id: pair.person_id, thumb: photoUrl(pair.person_id, pair.file, 320)}, b: {id: pair.other_id, thumb: photoUrl(pair.other_id, pair.other_file, 320)},
      similarity: pair.similarity,
    })),
    notes: audit.poor_photos.map((photo) => ({person_id: photo.person_id, file: photo.file, text: photo.text})),
    single: audit.single_photo,
  };
}

/**
 * Add photos to a person, or make one; `boxes`: for each file the chosen face, or null. Returns
 * `{accepted, rejected: [{index, reason, code, boxes}]}`; where no photo of a new person can be used, nobody is enrolled.
 */
export async function addPhotos(person, name, files, {boxes = null, onProgress} = {}) {
  const form = new FormData();
  if (!person) form.append("name", name);
  for (const file of files) form.append("photos", file);
  if (boxes?.some(Boolean)) form.append("boxes", JSON.stringify(boxes));
  const path = person ? `/v1/people/${part(person.id)}/photos` : "/v1/people";
  try {
    const answer = await request("POST", path, {body: form, timeout: 120000});
    const added = answer.state ? await waitForJob(answer, onProgress) : answer;
    return {person_id: added.person_id, accepted: added.accepted.length, notes: added.accepted.flatMap(({notes}) => notes), rejected: added.rejected};
  } catch (error) {
    if (error.code !== "no_usable_photo" || !error.details) throw error;
    return {person_id: null, accepted: 0, notes: [], rejected: error.details};
  }
}

/** What a picture shows: `{width, height, light, faces: [{box, notes}]}`; for hints while a photo is taken. */
export async function checkPicture(file, signal) {
  const form = new FormData();
  form.append("image", file);
  const bitmap = await createImageBitmap(file);
  const answer = await request("POST", "/v1/identify", {body: form, signal});
  return {width: bitmap.width, height: bitmap.height, light: brightness(bitmap, answer.faces[0]?.box), faces: answer.faces};
}

/** Mean brightness, 0 to 255, of a part of a picture. */
function brightness(bitmap, box) {
  if (!box) return 128;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 16;
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.drawImage(bitmap, box[0], box[1], box[2] - box[0], box[3] - box[1], 0, 0, 16, 16);
  const {data} = context.getImageData(0, 0, 16, 16);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  return sum / 256;
}

// Settings
export const listCameras = (signal) => get("/v1/settings/cameras", {signal});
export const removeCamera = (id) => remove(`/v1/settings/cameras/${part(id)}`);

/** What the form says of a camera; an empty user or password is not sent, so that those that are kept stay. */
function cameraForm({user, password, ...form}) {
  return {...form, ...(user ? {user} : {}), ...(password ? {password} : {})};
}

export const saveCamera = (form, camera) => (camera
  ? patch(`/v1/settings/cameras/${part(camera.id)}`, cameraForm(form)) : post("/v1/settings/cameras", cameraForm(form)));

export async function testCamera(form, camera) {
  const {name, ...options} = cameraForm(form);
  const body = {...options, ...(name ? {name} : {}), ...(camera ? {id: camera.id} : {})};
  return createImageBitmap(await post("/v1/settings/cameras/test", body, {timeout: 60000}));
}

export const listTargets = (signal) => get("/v1/settings/targets", {signal});
export const addWebhook = (form) => post("/v1/settings/targets", form);
export const removeTarget = (id) => remove(`/v1/settings/targets/${part(id)}`);
export const testTarget = (id) => post(`/v1/settings/targets/${part(id)}/test`);
export const getKeeping = (signal) => get("/v1/settings/history", {signal});
export const saveKeeping = (form) => patch("/v1/settings/history", form);
export const getLog = async (signal) => (await get("/v1/log", {signal})).lines;
export const getHealth = (signal) => get("/v1/health", {signal});
