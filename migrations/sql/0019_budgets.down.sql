DROP TABLE read_minutes;
DROP TABLE usage_minutes;
DROP TABLE cost_budgets;
