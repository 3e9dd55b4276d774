"""DeepStream's nvdsanalytics rules, exactly: its configuration files, its counts, its quirks."""
