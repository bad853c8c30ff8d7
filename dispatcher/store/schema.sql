-- The schema, for SQLite and PostgreSQL alike. README.md tells how to read it.
--
-- The tables of records have a column for each field of the struct of the same
-- name in dispatcher/core; a test compares them. Times are microseconds since
-- 1970 (UTC), durations microseconds. NULL is "none".
--
-- Once released, a migration is never changed: what is new is a further one at
-- the end, and a new column has a DEFAULT or may be NULL. schema_migrations,
-- which the program makes itself, says which ones a database has seen.

-- Migration 1: Records, journal, replies and outbox of every center

-- How many batches a center has committed (which fences a writer that has
-- fallen behind), and the sequence of its last journal entry.
CREATE TABLE centers_version (
  center TEXT NOT NULL,
  version BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (center)
);

-- What happened, in order, with the records as they were afterwards. Rows are
-- only ever added.
CREATE TABLE journal (
  center TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  time BIGINT NOT NULL,
  kind TEXT NOT NULL,
  call TEXT NOT NULL,
  actor_account TEXT NOT NULL,
  actor_person TEXT NOT NULL,
  actor_organization TEXT NOT NULL,
  actor_roles TEXT NOT NULL,
  records TEXT NOT NULL,
  PRIMARY KEY (center, sequence)
);
CREATE INDEX journal_by_call ON journal (center, call, sequence)
  WHERE call <> '';

-- The answers to requests, so that a repeated one gets the same; kept for a
-- week. subject: the resource, such as calls/c1.
CREATE TABLE replies (
  center TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  subject TEXT NOT NULL,
  time BIGINT NOT NULL,
  PRIMARY KEY (center, request_id)
);
CREATE INDEX replies_by_time ON replies (time);

-- Deliveries to be sent; id is that of the delivery. free_time: when somebody
-- may take it, which is its send_time or the end of a lease on it.
CREATE TABLE outbox (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  channel TEXT NOT NULL,
  send_time BIGINT NOT NULL,
  free_time BIGINT NOT NULL,
  PRIMARY KEY (center, id)
);
CREATE INDEX outbox_by_free_time ON outbox (free_time, center, id);

-- The house-call center itself; its id is the same as `center`.
CREATE TABLE centers (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  display_name TEXT NOT NULL,
  display_name_english TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  phone TEXT NOT NULL,
  position TEXT NOT NULL,
  last_resort_contacts TEXT NOT NULL,
  policy TEXT NOT NULL,
  PRIMARY KEY (center, id)
);

-- Clinics, nurse stations, facilities, offices.
CREATE TABLE organizations (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  kind TEXT NOT NULL,
  display_name TEXT NOT NULL,
  phone TEXT NOT NULL,
  fax TEXT NOT NULL,
  address TEXT NOT NULL,
  position TEXT,
  webhook TEXT,
  active BOOLEAN NOT NULL,
  PRIMARY KEY (center, id)
);

-- Physicians, drivers, operators, requesters.
CREATE TABLE people (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  organization TEXT NOT NULL,
  display_name TEXT NOT NULL,
  display_name_kana TEXT NOT NULL,
  phone TEXT NOT NULL,
  skills TEXT NOT NULL,
  self_drive BOOLEAN NOT NULL,
  employments TEXT NOT NULL,
  home_position TEXT,
  active BOOLEAN NOT NULL,
  PRIMARY KEY (center, id)
);

-- What somebody logs in with. password_hash: argon2id.
CREATE TABLE accounts (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  person TEXT NOT NULL,
  roles TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  disabled BOOLEAN NOT NULL,
  wrong_passwords INTEGER NOT NULL,
  retry_time BIGINT NOT NULL,
  PRIMARY KEY (center, id)
);

-- Logins. id: the beginning of the SHA-256 of the token.
CREATE TABLE sessions (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  account TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  expire_time BIGINT NOT NULL,
  revoked BOOLEAN NOT NULL,
  PRIMARY KEY (center, id)
);
CREATE INDEX sessions_by_expire_time ON sessions (center, expire_time);

CREATE TABLE cars (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  display_name TEXT NOT NULL,
  plate TEXT NOT NULL,
  organization TEXT NOT NULL,
  seats INTEGER NOT NULL,
  state TEXT NOT NULL,
  state_reason TEXT NOT NULL,
  base_position TEXT,
  active BOOLEAN NOT NULL,
  PRIMARY KEY (center, id)
);

-- The patients' cards.
CREATE TABLE patients (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  display_name TEXT NOT NULL,
  display_name_kana TEXT NOT NULL,
  birth_date TEXT NOT NULL,
  sex TEXT NOT NULL,
  place TEXT NOT NULL,
  phone TEXT NOT NULL,
  key_holder TEXT NOT NULL,
  parking TEXT NOT NULL,
  animals TEXT NOT NULL,
  primary_clinic TEXT NOT NULL,
  primary_physician TEXT NOT NULL,
  care_team TEXT NOT NULL,
  coverage_agreement TEXT NOT NULL,
  conditions TEXT NOT NULL,
  allergies TEXT NOT NULL,
  drugs TEXT NOT NULL,
  devices TEXT NOT NULL,
  infection BOOLEAN NOT NULL,
  infection_notes TEXT NOT NULL,
  emergency_plan TEXT NOT NULL,
  acp TEXT NOT NULL,
  required_skills TEXT NOT NULL,
  excluded_physicians TEXT NOT NULL,
  seen_by TEXT NOT NULL,
  confirm_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  active BOOLEAN NOT NULL,
  PRIMARY KEY (center, id)
);

-- The rota, and the exceptions to it.
CREATE TABLE shifts (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  person TEXT NOT NULL,
  role TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT NOT NULL,
  organization TEXT NOT NULL,
  car TEXT NOT NULL,
  base_position TEXT,
  reserve BOOLEAN NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (center, id)
);

CREATE TABLE overrides (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  kind TEXT NOT NULL,
  person TEXT NOT NULL,
  replacement TEXT NOT NULL,
  role TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT NOT NULL,
  organization TEXT NOT NULL,
  car TEXT NOT NULL,
  reason TEXT NOT NULL,
  cancelled BOOLEAN NOT NULL,
  PRIMARY KEY (center, id)
);

-- Who says that he is on duty; id is that of the person.
CREATE TABLE duties (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  role TEXT NOT NULL,
  on_duty BOOLEAN NOT NULL,
  since BIGINT NOT NULL,
  end_time BIGINT NOT NULL,
  organization TEXT NOT NULL,
  car TEXT NOT NULL,
  visits INTEGER NOT NULL,
  PRIMARY KEY (center, id)
);

-- Where somebody was last; id is that of the person.
CREATE TABLE positions (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  position TEXT NOT NULL,
  accuracy_meters DOUBLE PRECISION NOT NULL,
  device_time BIGINT NOT NULL,
  receive_time BIGINT NOT NULL,
  PRIMARY KEY (center, id)
);

-- House-call requests, open and over.
CREATE TABLE calls (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  state TEXT NOT NULL,
  resume_state TEXT NOT NULL,
  requester TEXT NOT NULL,
  requester_organization TEXT NOT NULL,
  followers TEXT NOT NULL,
  patient TEXT NOT NULL,
  short_patient TEXT,
  place TEXT NOT NULL,
  complaint TEXT NOT NULL,
  onset TEXT NOT NULL,
  vitals TEXT,
  judgement TEXT NOT NULL,
  attendant TEXT NOT NULL,
  callback_phone TEXT NOT NULL,
  red_flags TEXT NOT NULL,
  facts TEXT NOT NULL,
  place_corrections TEXT NOT NULL,
  receive_time BIGINT NOT NULL,
  device_time BIGINT,
  triage_time BIGINT,
  triaged_by TEXT NOT NULL,
  review_time BIGINT,
  disposition TEXT NOT NULL,
  urgency TEXT NOT NULL,
  target_time BIGINT,
  required_skills TEXT NOT NULL,
  schedule TEXT,
  hold_until_time BIGINT,
  hold_reason TEXT NOT NULL,
  distance_reason TEXT NOT NULL,
  declined_by TEXT NOT NULL,
  unanswered_by TEXT NOT NULL,
  unanswered_offers INTEGER NOT NULL,
  offer TEXT NOT NULL,
  assignment TEXT NOT NULL,
  visit TEXT NOT NULL,
  match TEXT NOT NULL,
  emergency TEXT,
  cancel_request TEXT,
  not_found_tries TEXT NOT NULL,
  not_found_due_time BIGINT,
  merged_into TEXT NOT NULL,
  care_team TEXT NOT NULL,
  note TEXT NOT NULL,
  requester_informed TEXT,
  outcome TEXT NOT NULL,
  outcome_reason TEXT NOT NULL,
  close_time BIGINT,
  closed_by TEXT NOT NULL,
  derived INTEGER NOT NULL,
  PRIMARY KEY (center, id)
);
CREATE INDEX calls_by_receive_time ON calls (center, receive_time, id);
CREATE INDEX calls_by_close_time ON calls (center, close_time);
CREATE INDEX calls_open ON calls (center, id)
  WHERE state NOT IN ('CLOSED', 'MERGED', 'CANCELLED');

-- Visits proposed to a physician and a driver.
CREATE TABLE offers (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  calls TEXT NOT NULL,
  physician TEXT NOT NULL,
  driver TEXT NOT NULL,
  car TEXT NOT NULL,
  self_drive BOOLEAN NOT NULL,
  state TEXT NOT NULL,
  physician_answer TEXT NOT NULL,
  driver_answer TEXT NOT NULL,
  decline_reason TEXT NOT NULL,
  rings INTEGER NOT NULL,
  create_time BIGINT NOT NULL,
  ring_until_time BIGINT NOT NULL,
  estimate TEXT NOT NULL,
  match TEXT NOT NULL,
  override_reason TEXT NOT NULL,
  replaces_car_of TEXT NOT NULL,
  PRIMARY KEY (center, id)
);

-- The calls of an offer's trip, for look-ups; kept by the program.
CREATE TABLE offer_calls (
  center TEXT NOT NULL,
  offer TEXT NOT NULL,
  call TEXT NOT NULL,
  PRIMARY KEY (center, offer, call)
);
CREATE INDEX offer_calls_by_call ON offer_calls (center, call, offer);

-- Offers that both accepted.
CREATE TABLE assignments (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  offer TEXT NOT NULL,
  calls TEXT NOT NULL,
  physician TEXT NOT NULL,
  driver TEXT NOT NULL,
  car TEXT NOT NULL,
  self_drive BOOLEAN NOT NULL,
  state TEXT NOT NULL,
  accept_time BIGINT NOT NULL,
  nudged BOOLEAN NOT NULL,
  alarmed BOOLEAN NOT NULL,
  depart TEXT,
  pick_up TEXT,
  arrive TEXT,
  leave TEXT,
  estimate TEXT NOT NULL,
  estimate_time BIGINT NOT NULL,
  release_reason TEXT NOT NULL,
  physician_hours TEXT,
  driver_hours TEXT,
  PRIMARY KEY (center, id)
);

-- The same of an assignment.
CREATE TABLE assignment_calls (
  center TEXT NOT NULL,
  assignment TEXT NOT NULL,
  call TEXT NOT NULL,
  PRIMARY KEY (center, assignment, call)
);
CREATE INDEX assignment_calls_by_call
  ON assignment_calls (center, call, assignment);

-- The visit records.
CREATE TABLE visits (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  call TEXT NOT NULL,
  assignment TEXT NOT NULL,
  patient TEXT NOT NULL,
  physician TEXT NOT NULL,
  driver TEXT NOT NULL,
  car TEXT NOT NULL,
  organization TEXT NOT NULL,
  depart TEXT,
  arrive TEXT,
  treatment_start TEXT,
  treatment_end TEXT,
  leave TEXT,
  patient_found BOOLEAN NOT NULL,
  fee_band TEXT NOT NULL,
  treatment_duration BIGINT NOT NULL,
  distance_from_clinic_meters DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (center, id)
);
CREATE INDEX visits_by_call ON visits (center, call);

-- The physicians' notes: a draft, and signed versions.
CREATE TABLE notes (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  call TEXT NOT NULL,
  visit TEXT NOT NULL,
  patient TEXT NOT NULL,
  author TEXT NOT NULL,
  state TEXT NOT NULL,
  draft TEXT,
  versions TEXT NOT NULL,
  PRIMARY KEY (center, id)
);
CREATE INDEX notes_by_call ON notes (center, call);

-- One version of a note on its way to one member of the care team.
CREATE TABLE deliveries (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  note TEXT NOT NULL,
  note_version INTEGER NOT NULL,
  call TEXT NOT NULL,
  patient TEXT NOT NULL,
  member TEXT NOT NULL,
  state TEXT NOT NULL,
  channel_index INTEGER NOT NULL,
  attempts TEXT NOT NULL,
  channel_attempts INTEGER NOT NULL,
  next_attempt_time BIGINT,
  due_time BIGINT NOT NULL,
  overdue BOOLEAN NOT NULL,
  receipt TEXT,
  questions TEXT NOT NULL,
  PRIMARY KEY (center, id)
);
CREATE INDEX deliveries_by_call ON deliveries (center, call);
CREATE INDEX deliveries_open ON deliveries (center, call)
  WHERE state <> 'RECEIVED';

-- What needs an operator.
CREATE TABLE tasks (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  kind TEXT NOT NULL,
  call TEXT NOT NULL,
  delivery TEXT NOT NULL,
  shift TEXT NOT NULL,
  raise_time BIGINT NOT NULL,
  detail TEXT NOT NULL,
  acknowledged TEXT,
  resolved TEXT,
  resolution TEXT NOT NULL,
  PRIMARY KEY (center, id)
);
CREATE INDEX tasks_by_call ON tasks (center, call);
CREATE INDEX tasks_open ON tasks (center, call) WHERE resolved IS NULL;

-- Why somebody was sent, and why nobody else.
CREATE TABLE matches (
  center TEXT NOT NULL,
  id TEXT NOT NULL,
  etag BIGINT NOT NULL,
  call TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  matched BOOLEAN NOT NULL,
  candidates TEXT NOT NULL,
  drivers TEXT NOT NULL,
  travel_times TEXT NOT NULL,
  PRIMARY KEY (center, id)
);
CREATE INDEX matches_by_call ON matches (center, call);

-- Migration 2: Calls say how they came, and when they were written on paper
ALTER TABLE calls ADD COLUMN source TEXT NOT NULL DEFAULT 'UNSPECIFIED';
ALTER TABLE calls ADD COLUMN written_time BIGINT;

-- Migration 3: Promised arrivals, waiting calls and advice to free crews
ALTER TABLE assignments ADD COLUMN driver_left BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE calls ADD COLUMN promise TEXT;
ALTER TABLE duties ADD COLUMN standby TEXT;
ALTER TABLE matches ADD COLUMN waiting TEXT;

-- Migration 4: Replies know their place in the journal
-- Of the last entry that the request wrote, or of the one before it. NULL in
-- replies that are older.
ALTER TABLE replies ADD COLUMN sequence BIGINT;

-- Migration 5: Calls whose crew was taken back for another call
ALTER TABLE calls ADD COLUMN passed_over BOOLEAN NOT NULL DEFAULT FALSE;
