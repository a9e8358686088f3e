"""What several tests need, beside the objects of tests.factories and the servers of tests.servers."""
