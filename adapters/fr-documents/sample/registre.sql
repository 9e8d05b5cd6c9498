-- The owner's tables and the view that is opened for us, with invented rows. It runs in SQLite and in PostgreSQL.
-- Reported stolen.
CREATE TABLE titres_voles (
  reference VARCHAR(20),
  actif CHAR(1) NOT NULL,
  type_document VARCHAR(30) NOT NULL,
  numero VARCHAR(30),
  etat_emetteur VARCHAR(3),
  autorite VARCHAR(80),
  motif VARCHAR(20),
  date_evenement VARCHAR(10),
  pays_evenement VARCHAR(3),
  lieu VARCHAR(80),
  circonstances VARCHAR(200),
  date_emission DATE,
  date_expiration DATE,
  date_maj TIMESTAMP
);
-- Reported lost, invalidated or forged.
CREATE TABLE titres_perdus (
  reference VARCHAR(20),
  actif CHAR(1) NOT NULL,
  type_document VARCHAR(30) NOT NULL,
  numero VARCHAR(30),
  etat_emetteur VARCHAR(3),
  autorite VARCHAR(80),
  motif VARCHAR(20),
  date_evenement VARCHAR(10),
  pays_evenement VARCHAR(3),
  lieu VARCHAR(80),
  circonstances VARCHAR(200),
  date_emission DATE,
  date_expiration DATE,
  date_maj TIMESTAMP
);
-- Machine readable zones as read or typed.
CREATE TABLE zones (
  reference VARCHAR(20) NOT NULL,
  mrz_1 VARCHAR(44),
  mrz_2 VARCHAR(44),
  mrz_3 VARCHAR(44)
);
CREATE VIEW v_documents_signales AS
  SELECT s.reference, s.actif, s.type_document, s.numero, s.etat_emetteur, s.autorite, s.motif, s.date_evenement,
         s.pays_evenement, s.lieu, s.circonstances, s.date_emission, s.date_expiration,
         z.mrz_1, z.mrz_2, z.mrz_3, s.date_maj
  FROM (SELECT * FROM titres_voles UNION ALL SELECT * FROM titres_perdus) AS s
  LEFT JOIN zones AS z ON z.reference = s.reference;
INSERT INTO titres_voles (reference, actif, type_document, numero, etat_emetteur, autorite, motif, date_evenement, pays_evenement, lieu,
 circonstances, date_emission, date_expiration, date_maj) VALUES
('V-2025-0000001', 'O', 'PASSEPORT', '17 XK 41729', 'FRA', 'Préfecture de police', 'VOL', '2025-06-14', 'FRA', 'Gare de Lyon, Paris', 'vol à la tire', '2019-03-02', '2029-03-01', '2026-11-01 08:15:00'),
('V-2026-0000005', 'O', 'PASSEPORT', 'C01X0-417K', 'D', '', 'VOL', '2026-01-11', 'BEL', 'Bruxelles-Midi', 'vol dans un train', '2018-08-08', '2028-08-07', '2026-11-01 08:15:00'),
('V-2025-0000007', 'O', 'PASSEPORT', '18AB00471', 'FRA', 'Préfecture du Rhône', 'VOL', '2025-09-01', 'FRA', '', '', '2020-01-02', '2030-01-01', '2026-11-01 08:15:00'),
('V-2025-0000008', 'O', 'CNI', 'X4RTBPFW4', 'FRA', 'Préfecture du Rhône', 'VOL', '2025-09-02', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('V-2025-0000009', 'O', 'CNI', 'X4RTBPFW5', 'FRA', 'Préfecture du Rhône', 'VOL', '2025-09-03', 'FRA', '', '', '2020-02-12', '2030-02-11', '2026-11-01 08:15:00'),
('V-2026-0000013', 'O', 'PASSEPORT', '20DD00100', 'FRA', 'Imprimerie des titres', 'VOL EN BLANC', '2026-02-02', 'FRA', 'Douai', 'cambriolage de l''imprimerie', NULL, NULL, '2026-11-01 08:15:00'),
('V-2024-0000019', 'N', 'CNI', 'Y0LIFTED1', 'FRA', '', 'VOL', '2024-01-01', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('V-2026-0000025', 'O', 'PASSEPORT', '23FF00001', 'FRA', '', 'VOL', '2026-03-06', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00');
INSERT INTO titres_perdus (reference, actif, type_document, numero, etat_emetteur, autorite, motif, date_evenement, pays_evenement, lieu,
 circonstances, date_emission, date_expiration, date_maj) VALUES
('P-2024-0000002', 'O', 'PASSEPORT', 'L898902C3', 'UTO', '', 'PERTE', '2024-02-29', 'FRA', 'Aéroport de Nice', '', '2007-04-16', '2012-04-15', '2026-11-01 08:15:00'),
('P-2024-0000003', 'O', 'CNI', 'd23145890', 'UTO', '', 'PERTE', '2024-05-00', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2024-0000026', 'O', 'VISA', 'L8988901C', 'UTO', '', 'PERTE', '2024-07-01', 'UTO', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2024-0000004', 'O', 'CNI', 'D23145890', 'UTO', '', 'PERTE', '2024-00-00', 'ESP', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2025-0000006', 'O', 'PASSEPORT', '99/1O1 IK7', 'GBD', '', 'PERTE', '2025-08-30', 'FRA', 'Étretat', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2018-0000010', 'O', 'CNI', '880692310285', 'FRA', 'Préfecture de l''Aisne', 'PERTE', '2018-10-05', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2025-0000011', 'O', 'TITRE DE SEJOUR', 'ARX417002', 'FRA', '', 'PERTE', '2025-03-03', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2025-0000012', 'O', 'PASSEPORT', '19CC00001', 'FRA', '', 'PERTE', '2025-03-04', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('I-2026-0000014', 'O', 'PASSEPORT DIPLOMATIQUE', '21DE00001', 'FRA', 'Ministère des affaires étrangères', 'INVALIDE', '2026-02-03', 'FRA', '', '', NULL, '2026-12-31', '2026-11-01 08:15:00'),
('F-2026-0000015', 'O', 'TITRE REFUGIE', 'R417/2020', 'XXB', '', 'FAUX', '2026-02-04', 'FRA', 'Calais', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2026-0000016', 'O', 'PERMIS', '13AA 00417', 'FRA', '', 'RETROUVE', '2026-02-05', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2026-0000017', 'O', 'LAISSEZ-PASSER', 'LP-000417', 'RKS', '', 'PERTE', '2026-02-30', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2026-0000018', 'O', 'PASSEPORT', 'XK 417290', 'UKR', '', 'PERTE', '2026-03-01', 'POL', 'Przemyśl', '', NULL, NULL, '2026-11-01 08:15:00'),
(NULL, 'O', 'PASSEPORT', '22EE00001', 'FRA', '', 'PERTE', '2026-03-02', 'FRA', '', 'sans numéro de signalement', NULL, NULL, '2026-11-01 08:15:00'),
('P-2026-0000021', 'O', 'PASSEPORT', ' - ', 'FRA', '', 'PERTE', '2026-03-03', 'FRA', '', 'numéro inconnu', NULL, NULL, '2026-11-01 08:15:00'),
('P-2026-0000022', 'O', 'PASSEPORT', '22EE00003', 'FRA', '', '??', '2026-03-04', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2026-0000023', 'O', 'CARTE GRISE', 'AB-417-XK', 'FRA', '', 'PERTE', '2026-03-05', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00'),
('P-2026-0000024', 'O', 'PASSEPORT', '22EE00005', 'ZZZ', '', 'PERTE', '05/03/2026', 'FRA', '', '', NULL, NULL, '2026-11-01 08:15:00');
INSERT INTO zones (reference, mrz_1, mrz_2, mrz_3) VALUES
('V-2025-0000001', 'P<FRADAUBRECOURBE<<HELENE<<<<<<<<<<<<<<<<<<<', '17XK417298FRA7702288F2903013<<<<<<<<<<<<<<04', NULL),
('P-2024-0000002', 'P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<', 'L898902C36UTO7408122F1204159ZE184226B<<<<<10', NULL),
('P-2024-0000003', 'I<UTOD231458907<<<<<<<<<<<<<<<', '7408122F1204159UTO<<<<<<<<<<<6', 'ERIKSSON<<ANNA<MARIA<<<<<<<<<<'),
('P-2024-0000026', 'V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<', 'L8988901C4XXX4009078F9612109<<<<<<<<', NULL),
('P-2024-0000004', 'I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<', 'D231458907UTO7408122F1204159<<<<<<<6', NULL),
('V-2026-0000005', 'P<D<<WEISSGERBING<<JUERGEN<<<<<<<<<<<<<<<<<<', 'C01X0417K8D<<6811026M2808071<<<<<<<<<<<<<<00', NULL),
('P-2025-0000006', 'P<GBDBARLOW<<EDITH<<<<<<<<<<<<<<<<<<<<<<<<<<', '991O1IK7<1GBD5501018F2701013<<<<<<<<<<<<<<00', NULL),
('V-2025-0000007', 'P<FRALEFEVRE<<LOIC<<<<<<<<<<<<<<<<<<<<<<<<<<', '18AB004716FRA8507239M3001019<<<<<<<<<<<<<<04', NULL),
('V-2025-0000008', 'IDFRAX4RTBPFW46<<<<<<<<<<<<<<<', '9007138F3002119FRA<<<<<<<<<<<7', 'OEUVRARD<<CHLOE<<<<<<<<<<<<<<<'),
('V-2025-0000009', 'IDFRAX4RTBPFW57<<<<<<<<<<<<<<<', '9112311F3002119FRA<<<<<<<<<<<4', 'CHATELAIN<<ZOE<<<<<<<<<<<<<<<<'),
('P-2018-0000010', 'IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<', '8806923102858CORINNE<<<<<<<6512068F6', NULL),
('P-2025-0000011', 'ir fraarx4170027<<<<<<<<<<<<<<', '8108011F2512310MAR<<<<<<<<<<<4', 'TEST<<FATIMA<<<<<<<<<<<<<<<<<<'),
('P-2025-0000012', 'P<FRANOEL<<REMI<<<<<<<<<<<<<<<<<<<<<<<<<<<', '19CC000015FRA8001019M2901010<<<<<<<<<<<<<<0', NULL),
('P-2026-0000018', 'P<UKRKOVALENCHUK<<OSTAP<<<<<<<<<<<<<<<<<<<<<', 'XK417290<8UKR7904174M3101012<<<<<<<<<<<<<<04', NULL),
('V-2026-0000025', 'P<FRABESANCON<<ANAIS<<<<<<<<<<<<<<<<<<<<<<<<', '23FF000014FRA9909092F3301018<<<<<<<<<<<<<<00', NULL),
('V-2026-0000025', 'P<FRABESANCON<<ANAIS<<<<<<<<<<<<<<<<<<<<<<<<', '23FF000014FRA9909092F3301018<<<<<<<<<<<<<<00', NULL);
