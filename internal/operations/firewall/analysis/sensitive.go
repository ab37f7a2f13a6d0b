package analysis

// port is one that administers a host, or holds data.
type port struct {
	protocol uint64
	port     int
	name     string
}

// sensitive are ports that the internet should not reach.
var sensitive = []port{
	{6, 22, "SSH"}, {6, 23, "telnet"}, {17, 69, "TFTP"}, {6, 111, "rpcbind"}, {6, 135, "RPC"}, {6, 139, "NetBIOS"}, {17, 161, "SNMP"}, {6, 389, "LDAP"}, {6, 445, "SMB"},
	{6, 512, "rexec"}, {6, 513, "rlogin"}, {6, 514, "rsh"}, {17, 623, "IPMI"}, {6, 873, "rsync"}, {6, 1433, "SQL Server"}, {6, 1521, "Oracle"}, {6, 2049, "NFS"}, {6, 2375, "Docker"},
	{6, 2376, "Docker"}, {6, 2379, "etcd"}, {6, 3306, "MySQL"}, {6, 3389, "RDP"}, {6, 5432, "PostgreSQL"}, {6, 5672, "AMQP"}, {6, 5900, "VNC"}, {6, 5985, "WinRM"}, {6, 5986, "WinRM"},
	{6, 6379, "Redis"}, {6, 6443, "Kubernetes"}, {6, 8500, "Consul"}, {6, 9042, "Cassandra"}, {6, 9090, "Prometheus"}, {6, 9092, "Kafka"}, {6, 9200, "Elasticsearch"}, {6, 10250, "kubelet"},
	{6, 11211, "memcached"}, {6, 15672, "RabbitMQ"}, {6, 27017, "MongoDB"},
}
