"""Events and readings to InfluxDB 1.x, 2.x and 3.x by line protocol."""
