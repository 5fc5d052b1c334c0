"""Speed and memory, on demand: `python -m video_analytics_tests.benchmarks`."""
