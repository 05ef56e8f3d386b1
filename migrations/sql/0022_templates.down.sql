DROP TABLE template_marks;
DROP TABLE template_applications;
DROP TABLE template_versions;
DROP TABLE templates;
