"""What ops see, as code: the catalogue of metrics, objectives, alerts and dashboards. `make dashboards` writes the files.

The files are committed and compared by a test; Prometheus, Alertmanager and Grafana read the files alone.
"""
