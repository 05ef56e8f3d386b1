DROP TABLE targets;
DROP TABLE objective_kpis;
DROP TABLE initiative_links;
DROP TABLE baselines;
DROP TABLE objectives;
DROP TABLE kpis;
DROP TABLE initiatives;
