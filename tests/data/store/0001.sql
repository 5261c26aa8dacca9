BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE journal (
	sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	contact_id VARCHAR(64) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	kind VARCHAR(64) NOT NULL, 
	fields JSON NOT NULL
);
INSERT INTO "journal" VALUES(1,'1a20e091b129617649c1dab','2026-11-24T14:50:07.506573Z','contact.started','{"caller": "caller", "number": "100", "trunk": "loopback", "call_id": "qo1ihPnDgMX6D4z-PLalyEePFnNnvR68"}');
INSERT INTO "journal" VALUES(2,'1a20e091b129617649c1dab','2026-11-24T14:50:07.513053Z','call.answered','{"setup_ms": 1.41}');
INSERT INTO "journal" VALUES(3,'1a20e091b129617649c1dab','2026-11-24T14:50:07.513683Z','recording.started','{"recording": "20261124-145007-af6ebfcabcaa"}');
INSERT INTO "journal" VALUES(4,'1a20e091b129617649c1dab','2026-11-24T14:50:07.513893Z','flow.started','{"flow": "welcome", "node": "", "version": "1"}');
INSERT INTO "journal" VALUES(5,'1a20e091b129617649c1dab','2026-11-24T14:50:07.513902Z','flow.node_entered','{"flow": "welcome", "node": "greeting", "kind": "say"}');
INSERT INTO "journal" VALUES(6,'1a20e091b129617649c1dab','2026-11-24T14:50:10.050435Z','flow.prompt_interrupted','{"flow": "welcome", "node": "greeting", "by": "digit"}');
INSERT INTO "journal" VALUES(7,'1a20e091b129617649c1dab','2026-11-24T14:50:10.050498Z','flow.node_entered','{"flow": "welcome", "node": "main", "kind": "menu"}');
INSERT INTO "journal" VALUES(8,'1a20e091b129617649c1dab','2026-11-24T14:50:10.052198Z','flow.digit_accepted','{"flow": "welcome", "node": "main", "digit": "1"}');
INSERT INTO "journal" VALUES(9,'1a20e091b129617649c1dab','2026-11-24T14:50:10.052305Z','flow.option_chosen','{"flow": "welcome", "node": "main", "option": "1", "by": "digit"}');
INSERT INTO "journal" VALUES(10,'1a20e091b129617649c1dab','2026-11-24T14:50:10.052320Z','flow.node_entered','{"flow": "welcome", "node": "support", "kind": "queue"}');
INSERT INTO "journal" VALUES(11,'1a20e091b129617649c1dab','2026-11-24T14:50:10.102049Z','queue.joined','{"queue": "support", "skills": "support 1", "priority": 5}');
INSERT INTO "journal" VALUES(12,'1a20e091b129617649c1dab','2026-11-24T14:50:10.102492Z','agent.offered','{"agent": "bob", "rule": "the contact came: longest idle of the free agents with the skills", "waited_s": 0.0, "idle_s": 2.961}');
INSERT INTO "journal" VALUES(13,'1a20e091b129617649c1dab','2026-11-24T14:50:10.102521Z','queue.position','{"position": 1, "of": 1}');
INSERT INTO "journal" VALUES(14,'1a20e091b129617649c1dab','2026-11-24T14:50:10.108041Z','agent.ringing','{"agent": "bob"}');
INSERT INTO "journal" VALUES(15,'1a20e091b129617649c1dab','2026-11-24T14:50:14.248905Z','queue.outcome','{"queue": "support", "outcome": "answered", "waited_s": 4.147}');
INSERT INTO "journal" VALUES(16,'1a20e091b129617649c1dab','2026-11-24T14:50:14.250034Z','contact.bridged','{"agent": "bob", "wait_s": 4.147, "bridge_ms": 1.49}');
INSERT INTO "journal" VALUES(17,'1a20e091b129617649c1dab','2026-11-24T14:50:30.056093Z','contact.held','{"by": "bob"}');
INSERT INTO "journal" VALUES(18,'1a20e091b129617649c1dab','2026-11-24T14:50:32.572059Z','contact.resumed','{"by": "bob"}');
INSERT INTO "journal" VALUES(19,'1a20e091b129617649c1dab','2026-11-24T14:50:45.733878Z','media.report','{"party": "caller", "packets_received": 1911, "packets_sent": 1912, "lost": 0, "late": 0, "concealed_ms": 0, "jitter_ms": 0.83, "playout_delay_ms": 40.0, "round_trip_ms": 0.63, "lost_by_peer": 0}');
INSERT INTO "journal" VALUES(20,'1a20e091b129617649c1dab','2026-11-24T14:50:45.740128Z','flow.ended','{"flow": "welcome", "node": "support", "cause": "caller_left"}');
INSERT INTO "journal" VALUES(21,'1a20e091b129617649c1dab','2026-11-24T14:50:45.740392Z','call.ended','{"by": "peer", "duration_s": 38.226}');
INSERT INTO "journal" VALUES(22,'1a20e091b129617649c1dab','2026-11-24T14:50:45.740778Z','media.report','{"party": "bob", "packets_received": 1575, "packets_sent": 1450, "lost": 0, "late": 0, "concealed_ms": 0, "jitter_ms": 0.66, "playout_delay_ms": 40.0, "round_trip_ms": 0.09, "lost_by_peer": 0}');
INSERT INTO "journal" VALUES(23,'1a20e091b129617649c1dab','2026-11-24T14:50:45.741036Z','agent.wrap-up','{"agent": "bob"}');
INSERT INTO "journal" VALUES(24,'1a20e091b129617649c1dab','2026-11-24T14:50:45.804866Z','recording.finished','{"recording": "20261124-145007-af6ebfcabcaa", "duration_s": 38.22, "state": "complete"}');
INSERT INTO "journal" VALUES(25,'1a20e091b129617649c1dab','2026-11-24T14:50:45.805011Z','contact.closed','{"outcome": "served"}');
INSERT INTO "journal" VALUES(26,'1a20e091b129617649c1dab','2026-11-24T14:50:50.755665Z','agent.wrapped-up','{"agent": "bob"}');
INSERT INTO "journal" VALUES(27,'1a20e091b129617649c1dab','2026-11-24T14:51:00.489703Z','transcript.ready','{"recording": "20261124-145007-af6ebfcabcaa", "words": 94}');
CREATE TABLE recording (
	recording_id VARCHAR(64) NOT NULL, 
	contact_id VARCHAR(64) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	path TEXT NOT NULL, 
	started_at VARCHAR(32) NOT NULL, 
	ended_at VARCHAR(32), 
	caller TEXT NOT NULL, 
	called TEXT NOT NULL, 
	agent TEXT NOT NULL, 
	duration_s FLOAT NOT NULL, 
	gap_s FLOAT NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	failure TEXT NOT NULL, 
	PRIMARY KEY (recording_id)
);
INSERT INTO "recording" VALUES('20261124-145007-af6ebfcabcaa','1a20e091b129617649c1dab','complete','2026/11/24/20261124-145007-af6ebfcabcaa.tlr','2026-11-24T14:50:07.513403Z','2026-11-24T14:50:45.733403Z','caller','100','bob',38.22,0.0,614469,'');
CREATE TABLE utterance (
	utterance_id INTEGER NOT NULL, 
	recording_id VARCHAR(64) NOT NULL, 
	speaker VARCHAR(16) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	start_s FLOAT NOT NULL, 
	end_s FLOAT NOT NULL, 
	text TEXT NOT NULL, 
	confidence FLOAT, 
	engine TEXT NOT NULL, 
	PRIMARY KEY (utterance_id), 
	CONSTRAINT fk_utterance_recording_id FOREIGN KEY(recording_id) REFERENCES recording (recording_id) ON DELETE CASCADE
);
INSERT INTO "utterance" VALUES(1,'20261124-145007-af6ebfcabcaa','caller','utterance',10.86,15.16,'hello my parcel has not arrived yet it was promised for monday',7.67213518260917215485e-01,'pocketsphinx');
INSERT INTO "utterance" VALUES(2,'20261124-145007-af6ebfcabcaa','caller','utterance',18.66,2.2740000000000001989e+01,'i have the order number in the email that i have paid the invoice by card',8.59149847776223274387e-01,'pocketsphinx');
INSERT INTO "utterance" VALUES(3,'20261124-145007-af6ebfcabcaa','caller','utterance',29.52,32.88,'will the driver call the one hour before the delivery tomorrow',7.4970505338556137076e-01,'pocketsphinx');
INSERT INTO "utterance" VALUES(4,'20261124-145007-af6ebfcabcaa','agent','utterance',6.94,10.88,'hello you are speaking with a support team how can i help you',7.76390344332407278393e-01,'pocketsphinx');
INSERT INTO "utterance" VALUES(5,'20261124-145007-af6ebfcabcaa','agent','utterance',15.14,18.7,'i am sorry to hear that please give me your order number',7.99280888658481125652e-01,'pocketsphinx');
INSERT INTO "utterance" VALUES(6,'20261124-145007-af6ebfcabcaa','agent','utterance',25.24,29.54,'thank you i can team at the parcel was sent from our warehouse yesterday',6.12544867245331525751e-01,'pocketsphinx');
INSERT INTO "utterance" VALUES(7,'20261124-145007-af6ebfcabcaa','agent','utterance',32.88,3.80800000000000054001e+01,'yes the driver will call you tomorrow morning before the delivery an if you for calling',7.21725888513684576963e-01,'pocketsphinx');
CREATE INDEX ix_journal_contact_id ON journal (contact_id);
CREATE INDEX ix_journal_kind_contact_id ON journal (kind, contact_id);
CREATE INDEX ix_recording_contact_id ON recording (contact_id);
CREATE INDEX ix_recording_started_at ON recording (started_at);
CREATE INDEX ix_recording_state ON recording (state);
CREATE INDEX ix_utterance_recording_id_start_s ON utterance (recording_id, start_s);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('journal',27);
COMMIT;
