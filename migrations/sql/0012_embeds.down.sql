DROP TABLE embed_tokens;
